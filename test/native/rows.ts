/** Batches for tests: rows from plain bytes, and plain bytes from rows. */
import { expect } from 'vitest';
import { loadNative } from '../../src/native/native.ts';
import { PacketBatch, PacketFlags, Verdict } from '../../src/proto/packet-batch.ts';
import { finishChecksum, ipHeaderBytes, type PacketSpec, UDP } from './packets.ts';

export const WORD = 2 ** 32;

export interface Row {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

export function makeBatch(capacity = 512, arenaBytes = 1 << 20, trains?: number): PacketBatch {
  return new PacketBatch({ capacity, arenaBytes, trains });
}

/** Appends one row per packet and gives each the verdict. */
export function fill(batch: PacketBatch, rows: readonly Row[], verdict: number = Verdict.DELIVER): void {
  for (const { bytes, flags } of rows) {
    const row = batch.append(bytes.length);
    if (row < 0) throw new Error('the test batch is too small');
    batch.arena.set(bytes, batch.offset[row]);
    batch.flags[row] = flags;
    batch.verdict[row] = verdict;
  }
}

export function rowsOf(batch: PacketBatch, from = 0): Row[] {
  const rows: Row[] = [];
  for (let row = from; row < batch.count; row++)
    rows.push({ bytes: bytesOf(batch, row), flags: batch.flags[row] });
  return rows;
}

/** A copy. */
export function bytesOf(batch: PacketBatch, row: number): Uint8Array {
  return batch.arena.slice(batch.offset[row], batch.offset[row] + batch.length[row]);
}

/** What `tunRead` would make of the frame. */
export function split(frame: Uint8Array, batch = makeBatch(2048, 1 << 20)): PacketBatch {
  const { addon, batches } = loadNative();
  const packed = addon.gsoSplit(frame, batches.handle(batch), batch.count, batch.end);
  batch.count = Math.floor(packed / WORD);
  batch.end = packed % WORD;
  return batch;
}

/** The frames that `tunWrite` would write. */
export function join(batch: PacketBatch): Uint8Array[] {
  const { addon, batches } = loadNative();
  const out = new Uint8Array(batch.arena.length + batch.count * 32);
  const used = addon.gsoJoin(batches.handle(batch), batch.count, out);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < used; ) {
    const length = new DataView(out.buffer).getUint32(at);
    frames.push(out.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}

/** The row with its checksum finished where it was partial: what the inner network would see. */
export function finished(row: Row, spec: PacketSpec): Uint8Array {
  const bytes = row.bytes.slice();
  if ((row.flags & PacketFlags.PARTIAL_CHECKSUM) !== 0) {
    finishChecksum(bytes, ipHeaderBytes(spec), spec.transport === UDP ? 6 : 16);
  }
  return bytes;
}

/** Compares whole packets without the price of a deep comparison; says where they differ. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) === 0) return;
  expect(Buffer.from(actual).toString('hex')).toBe(Buffer.from(expected).toString('hex'));
}
