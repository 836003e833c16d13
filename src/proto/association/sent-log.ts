/**
 * The datagrams that went out lately over one path alone, as they were on the wire: when that path dies they go out again over
 * the others, and the receiver's duplicate window makes that harmless. What went over several paths has its twin there and
 * is not kept. One ring for all associations; the newest push the oldest out.
 *
 * Neighbours in a batch are copied in one piece, so that keeping costs a copy of the bytes and no allocation per datagram.
 */
import { type PacketBatch, PacketFlags, Verdict } from '../packet-batch.ts';

/** Half a second of 130 Mbit/s; taken when the first datagram is kept, and by the system page by page as it is filled. */
const RING_BYTES = 8 * 1024 * 1024;
const RING_DATAGRAMS = 8_192;
/** A path is not found dead faster than this: a ring that turns sooner holds nothing that helps, and costs a copy of all bytes. */
const MIN_LAP_MS = 60;
/** So long nothing is kept then. A lap's worth of copies for so much time is little. */
const REST_MS = 250;
/** Unused bytes between two neighbours that are worth one copy instead of two. */
const MAX_GAP_BYTES = 64;

/** `keep`: look again later; `settled`: needed no more; else the path mask to send over. */
export type Judgement = 'keep' | 'settled' | number;

export class SentLog {
  private bytes: Uint8Array | null = null;
  /** Where the next bytes go, counted since the start: modulo the ring's size. */
  private end = 0;
  private lapEnd: number;
  private lapStartedMs = Number.NEGATIVE_INFINITY;
  private restsUntilMs = Number.NEGATIVE_INFINITY;
  private count = 0;
  private positions = new Float64Array(0);
  private sentMs = new Float64Array(0);
  private lengths = new Int32Array(0);
  private slots = new Int32Array(0);
  private masks = new Uint8Array(0);

  constructor(
    private readonly ringBytes = RING_BYTES,
    private readonly ringDatagrams = RING_DATAGRAMS,
    private readonly minLapMs = MIN_LAP_MS,
  ) {
    this.lapEnd = ringBytes;
  }

  /** Copies the rows that carry `PacketFlags.SOLE`; they are finished datagrams. */
  keep(batch: PacketBatch, now: number): void {
    if (now < this.restsUntilMs) return;
    const { offset, length, flags, verdict, count } = batch;
    const isKept = (row: number) => (flags[row] & PacketFlags.SOLE) !== 0 && verdict[row] === Verdict.SEND;
    for (let row = 0; row < count; ) {
      if (!isKept(row)) {
        row++;
        continue;
      }
      const first = row;
      const from = offset[first];
      let to = from + length[first];
      for (row++; row < count && isKept(row); row++) {
        const gap = offset[row] - to;
        if (gap < 0 || gap > MAX_GAP_BYTES || offset[row] + length[row] - from > this.ringBytes / 4) break;
        to = offset[row] + length[row];
      }
      this.copy(batch, first, row, from, to, now);
    }
  }

  private copy(batch: PacketBatch, first: number, end: number, from: number, to: number, now: number): void {
    const bytes = this.open();
    const size = to - from;
    if ((this.end % this.ringBytes) + size > this.ringBytes)
      this.end += this.ringBytes - (this.end % this.ringBytes);
    bytes.set(batch.arena.subarray(from, to), this.end % this.ringBytes);
    for (let row = first; row < end; row++) {
      const at = this.count++ % this.ringDatagrams;
      this.positions[at] = this.end + batch.offset[row] - from;
      this.sentMs[at] = now;
      this.lengths[at] = batch.length[row];
      this.slots[at] = batch.peer[row];
      this.masks[at] = batch.pathMask[row];
    }
    this.end += size;
    if (this.end >= this.lapEnd) this.finishLap(now);
  }

  private finishLap(now: number): void {
    if (now - this.lapStartedMs < this.minLapMs) this.restsUntilMs = now + REST_MS;
    this.lapStartedMs = Math.max(now, this.restsUntilMs);
    this.lapEnd = this.end + this.ringBytes;
  }

  /**
   * Asks `judge` about each datagram of an association that left since `sinceMs`, oldest first, and hands `send` those that
   * are to go out again: bytes and path mask; false = no room, the rest stays.
   */
  resend(
    slot: number,
    sinceMs: number,
    judge: (pathMask: number, sentMs: number) => Judgement,
    send: (datagram: Uint8Array, pathMask: number) => boolean,
  ): void {
    if (this.bytes === null) return;
    for (let index = this.firstSince(sinceMs); index < this.count; index++) {
      const at = index % this.ringDatagrams;
      if (this.slots[at] !== slot || this.positions[at] < this.end - this.ringBytes) continue;
      const judgement = judge(this.masks[at], this.sentMs[at]);
      if (judgement === 'keep') continue;
      const start = this.positions[at] % this.ringBytes;
      if (typeof judgement === 'number') {
        const datagram = this.bytes.subarray(start, start + this.lengths[at]);
        if (!send(datagram, judgement)) return;
      }
      this.slots[at] = -1;
    }
  }

  private firstSince(sinceMs: number): number {
    const oldest = Math.max(0, this.count - this.ringDatagrams);
    let index = this.count;
    while (index > oldest && this.sentMs[(index - 1) % this.ringDatagrams] >= sinceMs) index--;
    return index;
  }

  private open(): Uint8Array {
    if (this.bytes === null) {
      this.bytes = new Uint8Array(this.ringBytes);
      this.positions = new Float64Array(this.ringDatagrams);
      this.sentMs = new Float64Array(this.ringDatagrams);
      this.lengths = new Int32Array(this.ringDatagrams);
      this.slots = new Int32Array(this.ringDatagrams).fill(-1);
      this.masks = new Uint8Array(this.ringDatagrams);
    }
    return this.bytes;
  }
}
