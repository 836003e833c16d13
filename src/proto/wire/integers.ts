/** Big-endian integers of 1 to 8 bytes, as every format of the protocol writes them. Callers check lengths. */

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** `size` 1..8 bytes. Above 2^53 - 1 the result is rounded: check with `Number.isSafeInteger`. */
export function readUint(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + bytes[at + i];
  return value;
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes the low `size` bytes of `value`, 0..2^53 - 1. */
export function writeUint(bytes: Uint8Array, at: number, value: number, size: number): void {
  for (let i = at + size - 1, rest = value; i >= at; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** The fewest bytes that hold `value`, at least 1. */
export function uintBytes(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 256; rest = Math.floor(rest / 256)) size++;
  return size;
}
