/** The production sealer with an observer: which keys are installed, and which numbers are sealed under them. */

import { NativeSealer } from '../../../src/native/batch-sealer.ts';
import type { Native } from '../../../src/native/native.ts';
import { DATAGRAM_HEADER_BYTES, type PacketBatch, Verdict } from '../../../src/proto/packet-batch.ts';
import type { BatchSealer, Suite } from '../../../src/proto/ports.ts';
import type { Sealed } from '../net/datagram.ts';
import { readPieces } from '../watch/interior.ts';
import type { KeyBook, KeyRecord } from '../watch/key-book.ts';

export interface WatchedSealerOptions {
  /** Name of the machine. */
  readonly owner: string;
  readonly native: Native;
  readonly maskKey: Uint8Array;
  readonly slots: number;
  /** Of the simulated machine. What this one's CPU can do must not change a run. */
  readonly suites: readonly Suite[];
  readonly book: KeyBook;
  readonly onInstalled: (open: KeyRecord) => void;
  /** A data datagram is about to be sealed. */
  readonly onSealed: (sealed: Sealed) => void;
}

/** A core keeps 8,192 datagrams to send them again, and not every one that was sealed. */
const MEMORY = 65_536;

export class WatchedSealer implements BatchSealer {
  /** What stands in the rows of the last sealed batch; null for handshake messages. */
  readonly sealed: (Sealed | null)[] = [];
  readonly suites: readonly Suite[];
  /** Sees each data datagram, header room and interior, before it is sealed. */
  onSealing: ((datagram: Uint8Array) => void) | null = null;
  private readonly inner: NativeSealer;
  private readonly memory: (Sealed | undefined)[] = [];
  private readonly tags = new Float64Array(MEMORY);
  private remembered = 0;
  private readonly sealKeys: (KeyRecord | null)[];
  private readonly openKeys: (KeyRecord | null)[];
  private readonly slots = new Map<KeyRecord, number>();

  constructor(private readonly options: WatchedSealerOptions) {
    const { native, maskKey, slots, suites } = options;
    this.inner = new NativeSealer(native, { maskKey, slots });
    this.suites = suites;
    this.sealKeys = new Array(slots).fill(null);
    this.openKeys = new Array(slots).fill(null);
  }

  installKey(
    slot: number,
    suite: Suite,
    sealKey: Uint8Array,
    sealIv: Uint8Array,
    openKey: Uint8Array,
    openIv: Uint8Array,
  ): void {
    this.inner.installKey(slot, suite, sealKey, sealIv, openKey, openIv);
    const { book, onInstalled } = this.options;
    const open = book.record(openKey, openIv);
    this.sealKeys[slot] = book.record(sealKey, sealIv);
    this.openKeys[slot] = open;
    this.slots.set(open, slot);
    onInstalled(open);
  }

  /** Where the key that opens such datagrams is installed; -1 = nowhere. */
  slotOf(key: KeyRecord): number {
    return this.slots.get(key) ?? -1;
  }

  removeKey(slot: number): void {
    this.inner.removeKey(slot);
    const open = this.openKeys[slot];
    this.sealKeys[slot] = null;
    this.openKeys[slot] = null;
    if (open !== null) this.slots.delete(open);
  }

  seal(batch: PacketBatch): void {
    const { sealed } = this;
    for (let row = 0; row < batch.count; row++) sealed[row] = this.look(batch, row);
    this.inner.seal(batch);
    for (let row = 0; row < batch.count; row++) {
      const one = sealed[row];
      if (one !== null) this.remember(one, tagOf(batch, row));
      else if (batch.verdict[row] === Verdict.SEND && batch.train[row] < 0)
        sealed[row] = this.recall(tagOf(batch, row));
    }
  }

  /** A datagram that goes out again is one that was sealed before. */
  private recall(tag: number): Sealed | null {
    for (let back = 1; back <= MEMORY; back++) {
      const at = (this.remembered - back + MEMORY) % MEMORY;
      if (this.tags[at] === tag) return this.memory[at] ?? null;
    }
    throw new Error('a datagram leaves that was never sealed');
  }

  private remember(sealed: Sealed, tag: number): void {
    const at = this.remembered++ % MEMORY;
    this.memory[at] = sealed;
    this.tags[at] = tag;
  }

  open(batch: PacketBatch): void {
    this.inner.open(batch);
  }

  /** The rows from `from` on. */
  unmask(batch: PacketBatch, from: number): void {
    this.inner.unmask(batch, from);
  }

  close(): void {
    this.inner.close();
  }

  private look(batch: PacketBatch, row: number): Sealed | null {
    if (batch.verdict[row] !== Verdict.SEAL || batch.keySlot[row] < 0) return null;
    const key = this.sealKeys[batch.keySlot[row]];
    if (key === null) throw new Error(`row ${row} names the empty key slot ${batch.keySlot[row]}`);
    const number = batch.packetNumber[row];
    this.options.book.noteSealed(key, number);
    this.onSealing?.(batch.arena.subarray(batch.offset[row], batch.offset[row] + batch.length[row]));
    const at = batch.offset[row] + DATAGRAM_HEADER_BYTES;
    const pieces = readPieces(batch.arena, at, batch.length[row] - DATAGRAM_HEADER_BYTES);
    const sealed = { by: this.options.owner, key, number, pieces };
    this.options.onSealed(sealed);
    return sealed;
  }
}

/** Six bytes of the AEAD tag: enough to tell some thousand datagrams apart. */
function tagOf(batch: PacketBatch, row: number): number {
  const end = batch.offset[row] + batch.length[row];
  let tag = 0;
  for (let at = end - 6; at < end; at++) tag = tag * 256 + batch.arena[at];
  return tag;
}
