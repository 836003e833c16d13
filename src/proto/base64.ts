/** Keys as text (RFC 4648 §4); also what maps use to find a key. */
export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
