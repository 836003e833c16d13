/**
 * What the copies are good for: packets that came over one path while their copies over the others did not come at all. A ring
 * remembers over which path each of the last packets came first; one that is pushed out without a second copy was saved by its
 * path, as long as the peer sends copies at all.
 */
import { PATHS_PER_PEER } from '../packet-batch.ts';

/** Packets whose second copy may still come: a tenth of a second at 40,000 a second, half a minute of talk. A power of two. */
const MEMORY = 4_096;
/** The peer sends copies as long as one comes now and then: longer than it takes to give up a path that swallows them. */
const COPIES_FOR_MS = 5_000;
const NOTHING = 255;

const NO_PATHS = new Uint8Array(0);

export class Arrivals {
  /** By path id. */
  readonly savedPackets: number[] = new Array(PATHS_PER_PEER).fill(0);
  /** Taken with the first second copy. */
  private numbers: Float64Array | null = null;
  private paths = NO_PATHS;
  private copiesUntilMs = Number.NEGATIVE_INFINITY;

  /** The packet of that datagram came, over path `pathId`, and had not come before. */
  handleFirst(packetNumber: number, pathId: number, now: number): void {
    if (this.numbers === null) return;
    const at = packetNumber & (MEMORY - 1);
    const before = this.paths[at];
    if (before !== NOTHING && now < this.copiesUntilMs) this.savedPackets[before]++;
    this.numbers[at] = packetNumber;
    this.paths[at] = pathId;
  }

  /** A copy of a datagram that came before. */
  handleCopy(packetNumber: number, now: number): void {
    this.copiesUntilMs = now + COPIES_FOR_MS;
    if (this.numbers === null) {
      this.numbers = new Float64Array(MEMORY).fill(-1);
      this.paths = new Uint8Array(MEMORY).fill(NOTHING);
      return;
    }
    const at = packetNumber & (MEMORY - 1);
    if (this.numbers[at] === packetNumber) this.paths[at] = NOTHING;
  }

  /** Path `pathId` is closed: who gets its number begins at nothing. */
  forget(pathId: number): void {
    this.savedPackets[pathId] = 0;
    for (let at = 0; at < this.paths.length; at++) if (this.paths[at] === pathId) this.paths[at] = NOTHING;
  }
}
