/** The value of a refusal TLV, in handshakes (PROTOCOL.md §4) and address answers (§5): code 1 ‖ UTF-8 text. */

/** Longest text, bytes; bounds answers and what a peer can put into a log line. */
export const REFUSAL_TEXT_MAX_BYTES = 120;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Text that is too long is cut between characters. */
export function encodeRefusal(code: number, text: string): Uint8Array {
  const value = new Uint8Array(1 + REFUSAL_TEXT_MAX_BYTES);
  value[0] = code;
  const { written } = encoder.encodeInto(text, value.subarray(1));
  return value.subarray(0, 1 + written);
}

/**
 * Null when empty. Broken UTF-8 becomes U+FFFD, control characters become spaces: the text ends up in front of a user.
 */
export function decodeRefusal(value: Uint8Array): { code: number; text: string } | null {
  if (value.length === 0) return null;
  const text = decoder.decode(value.subarray(1, 1 + REFUSAL_TEXT_MAX_BYTES));
  return { code: value[0], text: text.replace(/\p{Cc}/gu, ' ') };
}
