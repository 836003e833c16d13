/** A running checksum over every byte that one side typed (FNV-1a, 32 bits): one byte lost, doubled or out of place shows. */
export class TerminalChecksum {
  #state = 0x811c9dc5;

  handleText(text: string): void {
    for (let at = 0; at < text.length; at += 1)
      this.#state = Math.imul(this.#state ^ text.charCodeAt(at), 0x01000193);
  }

  get text(): string {
    return (this.#state >>> 0).toString(16).padStart(8, '0');
  }
}
