/** Carries an association's streams: its paths as the policy has chosen them, its current session, the outbox. */
import type { CoreContext } from '../core-context.ts';
import { DATAGRAM_HEADER_BYTES, TAG_BYTES } from '../packet-batch.ts';
import type { Path } from '../path/path.ts';
import { choosePrimary } from '../path/primary.ts';
import type { Carrier } from '../stream/carrier.ts';
import type { Association } from './association.ts';

const OVERHEAD_BYTES = DATAGRAM_HEADER_BYTES + TAG_BYTES;
/** IPv6, UDP, datagram header and tag around an interior. */
const OUTER_BYTES = 48 + OVERHEAD_BYTES;
/** Rows of the outbox that streams leave to everything else. */
const ROWS_LEFT = 1_024;
const BYTES_LEFT = 512 * 1024;

export class StreamCarrier implements Carrier {
  copies = 0;
  spread = 0;
  private leading: Path | null = null;
  private row = -1;

  constructor(
    private readonly context: CoreContext,
    private readonly association: Association,
  ) {}

  /** The policy's choice for streams, or its change. */
  update(copies: number, spread: number): void {
    this.copies = copies;
    this.spread = spread;
    this.leading = choosePrimary(this.pathsIn(copies), this.leading);
  }

  get leader(): number {
    return this.leading?.id ?? -1;
  }

  interiorBytes(paths: number): number {
    let bytes = Number.POSITIVE_INFINITY;
    for (let id = 0, rest = paths; rest !== 0; id++, rest >>>= 1) {
      const path = (rest & 1) === 0 ? null : this.association.paths[id];
      if (path !== null) bytes = Math.min(bytes, path.datagramBytes);
    }
    return bytes - OVERHEAD_BYTES;
  }

  rttMs(path: number): number | null {
    return this.association.paths[path]?.rtt.smoothedMs ?? null;
  }

  begin(length: number): number {
    const { batch } = this.context.outbox;
    if (batch.count > batch.capacity - ROWS_LEFT || batch.end > batch.arena.length - BYTES_LEFT) return -1;
    this.row = this.context.outbox.begin(length);
    return this.row < 0 ? -1 : batch.offset[this.row];
  }

  get bytes(): Uint8Array {
    return this.context.outbox.batch.arena;
  }

  finish(length: number, paths: number, leader: number, now: number): void {
    const { current: session } = this.association;
    const { outbox } = this.context;
    outbox.batch.length[this.row] = length;
    if (session === null) return;
    session.carriedPackets = true;
    const mask = this.withinBudgets(paths, leader, length, now);
    if ((mask & (mask - 1)) === 0) this.association.relyOn(mask, now);
    outbox.finish(this.row, length, session, mask);
  }

  /** Of `paths` those that may cost `bytes` more, and beside `leader` only those that are not clogged by it. */
  private withinBudgets(paths: number, leader: number, bytes: number, now: number): number {
    let mask = paths;
    const isAlone = (paths & (paths - 1)) === 0;
    for (let id = 0, rest = paths; rest !== 0; id++, rest >>>= 1) {
      const path = (rest & 1) === 0 ? null : this.association.paths[id];
      if (path === null) continue;
      if (id === leader && !isAlone) path.outflow.budget.note(bytes);
      const isClogged = id !== leader && !path.outflow.budget.take(bytes, now);
      if (isClogged || !path.allowance.take(bytes + OUTER_BYTES)) mask &= ~(1 << id);
    }
    return mask;
  }

  wake(): void {
    this.context.wake(this.association);
  }

  private pathsIn(mask: number): Path[] {
    return this.association.paths.filter((path) => path !== null && (mask & (1 << path.id)) !== 0) as Path[];
  }
}
