/** Type 1 ‖ length 1 ‖ value: options of handshake payloads (PROTOCOL.md §4) and address messages (§5). */

const TLV_HEADER_BYTES = 2;
/** Longest value, bytes. */
export const TLV_VALUE_MAX_BYTES = 255;

/** `reset`, then `next` until false; then `ok` is false when the last element passed the end. */
export class TlvReader {
  ok = true;
  type = 0;
  valueOffset = 0;
  valueLength = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;

  reset(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes;
    this.at = offset;
    this.end = offset + length;
    this.ok = true;
  }

  next(): boolean {
    if (this.at >= this.end) return false;
    const valueAt = this.at + TLV_HEADER_BYTES;
    const end = valueAt > this.end ? valueAt : valueAt + this.bytes[this.at + 1];
    if (end > this.end) {
      this.ok = false;
      this.at = this.end;
      return false;
    }
    this.type = this.bytes[this.at];
    this.valueOffset = valueAt;
    this.valueLength = end - valueAt;
    this.at = end;
    return true;
  }
}

/** Writes one element and returns its length; `value` is at most `TLV_VALUE_MAX_BYTES` long. */
export function writeTlv(bytes: Uint8Array, at: number, type: number, value: ArrayLike<number>): number {
  bytes[at] = type;
  bytes[at + 1] = value.length;
  bytes.set(value, at + TLV_HEADER_BYTES);
  return TLV_HEADER_BYTES + value.length;
}
