/** Byte helpers of the tests: hex, seeded entropy, and a window that shows writes outside of it. */
import { expect } from 'vitest';
import type { RandomBytes } from '../../src/proto/ports.ts';

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Entropy that is the same in every run (mulberry32); never for keys outside tests. */
export function seededRandom(seed: number): RandomBytes {
  let state = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return (t ^ (t >>> 14)) >>> 24;
    });
}

/** Entropy that is exactly this, once. */
export function fixedRandom(bytes: Uint8Array): RandomBytes {
  let used = false;
  return (count) => {
    expect(used).toBe(false);
    expect(count).toBe(bytes.length);
    used = true;
    return bytes.slice();
  };
}

const MARGIN = 8;
const FILL = 0xa5;

/**
 * Lets `write` write somewhere inside a larger buffer, and returns what it wrote: exactly as many bytes as it said, and
 * nothing before or behind them.
 */
export function written(write: (bytes: Uint8Array, at: number) => number, room = 512): Uint8Array {
  const bytes = new Uint8Array(room + 2 * MARGIN).fill(FILL);
  const length = write(bytes, MARGIN);
  expect(length).toBeLessThanOrEqual(room);
  expect(bytes.subarray(0, MARGIN).every((byte) => byte === FILL)).toBe(true);
  expect(bytes.subarray(MARGIN + length).every((byte) => byte === FILL)).toBe(true);
  return bytes.slice(MARGIN, MARGIN + length);
}

/** The same bytes at an odd offset between other bytes, so that a reader that ignores its range is caught. */
export function embedded(bytes: Uint8Array): { bytes: Uint8Array; offset: number; length: number } {
  const whole = new Uint8Array(bytes.length + 2 * MARGIN).fill(FILL);
  whole.set(bytes, MARGIN - 1);
  return { bytes: whole, offset: MARGIN - 1, length: bytes.length };
}

/** Every proper prefix of `bytes`, embedded. */
export function* truncations(bytes: Uint8Array) {
  for (let length = 0; length < bytes.length; length++) yield embedded(bytes.slice(0, length));
}

/** Flips bit `bit % (8 * length)` of a copy. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[(bit >>> 3) % bytes.length] ^= 1 << (bit & 7);
  return copy;
}
