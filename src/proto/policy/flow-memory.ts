/** What a sender remembers of flows, told apart by hash: over which path each went last. */
import { PATHS_PER_PEER } from '../packet-batch.ts';
import { LANES, laneFlags } from '../wire/interior.ts';

const FLOW_SLOTS = 256;
/** A flow that paused for longer than the paths differ may change its path: nothing can be overtaken. */
const FLOW_PAUSE_MS = 200;
/** PROTOCOL.md §3: what left longer ago over another path is not waited for. */
const SPLIT_MS = 400;

export class FlowMemory {
  /** Of each lane: the path of its last packet, and when that changed. */
  private readonly lanePaths = new Uint8Array(LANES).fill(PATHS_PER_PEER);
  private readonly laneSplitMs = new Float64Array(LANES).fill(Number.NEGATIVE_INFINITY);
  private readonly flowPaths = new Uint8Array(FLOW_SLOTS).fill(PATHS_PER_PEER);
  private readonly flowMs = new Float64Array(FLOW_SLOTS);

  /** The IP flags of a packet of that flow that goes over `pathId`. */
  orderOver(hash: number, pathId: number, now: number): number {
    const lane = hash % LANES;
    if (this.lanePaths[lane] !== pathId) {
      this.lanePaths[lane] = pathId;
      this.laneSplitMs[lane] = now;
    }
    return laneFlags(lane, now - this.laneSplitMs[lane] < SPLIT_MS);
  }

  /** A packet of the flow leaves: the path (of `mask`) to which it is bound, -1 = it may take any. */
  boundTo(hash: number, mask: number, now: number): number {
    const slot = hash % FLOW_SLOTS;
    const paused = now - this.flowMs[slot] > FLOW_PAUSE_MS;
    this.flowMs[slot] = now;
    const known = this.flowPaths[slot];
    return !paused && known < PATHS_PER_PEER && (mask & (1 << known)) !== 0 ? known : -1;
  }

  bind(hash: number, pathId: number): void {
    this.flowPaths[hash % FLOW_SLOTS] = pathId;
  }
}
