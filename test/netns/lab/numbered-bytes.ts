/** Bytes of which any piece tells whether it is whole and in place: the n-th 32-bit word is a hash of n. */

const CHUNK_BYTES = 65_536;
const PACED_CHUNK_BYTES = 8_192;
/** Timers are late now and then: so much is caught up. */
const MAX_LATE_MS = 50;

/** `count` bytes in chunks. */
export function* numberedBytes(count: number): Generator<Uint8Array> {
  for (let at = 0; at < count; at += CHUNK_BYTES) {
    yield bytesAt(at, Math.min(CHUNK_BYTES, count - at));
  }
}

/** The same at `bytesPerSecond`; time lost while nobody read is not made up for. */
export async function* pacedBytes(count: number, bytesPerSecond: number): AsyncGenerator<Uint8Array> {
  let dueMs = performance.now();
  for (let at = 0; at < count; at += PACED_CHUNK_BYTES) {
    yield bytesAt(at, Math.min(PACED_CHUNK_BYTES, count - at));
    const nowMs = performance.now();
    dueMs = Math.max(dueMs, nowMs - MAX_LATE_MS) + (PACED_CHUNK_BYTES / bytesPerSecond) * 1000;
    if (dueMs > nowMs) await new Promise((resolve) => setTimeout(resolve, dueMs - nowMs));
  }
}

/** `length` bytes as they stand at `position` (a multiple of 4) of the stream. */
export function bytesAt(position: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  const first = position / 4;
  for (let index = 0; index < words.length; index += 1) words[index] = wordAt(first + index);
  return new Uint8Array(words.buffer, 0, length);
}

function wordAt(index: number): number {
  const mixed = Math.imul(index ^ 0x9e3779b9, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0;
}
