/** Where the client finds its server: the addresses that it was told, and which of them answered last. */
import type { HandshakeTarget } from './client-handshake.ts';
import type { Path } from './path/path.ts';
import { addressFamily, sameRemote } from './wire/address-words.ts';

export class ServerEndpoints {
  private preferred: Int32Array | null = null;

  /** `ADDRESS_WORDS` each. */
  constructor(public all: readonly Int32Array[]) {}

  /** Where paths of that family lead; null = the server has no such address. */
  of(family: 4 | 6): Int32Array | null {
    if (this.preferred !== null && addressFamily(this.preferred, 0) === family) return this.preferred;
    return this.all.find((words) => addressFamily(words, 0) === family) ?? null;
  }

  /** An answer came from `words[at]`. Returns the address if it is the server's: whoever is on the wire can send one on from his own. */
  handleAnswered(words: Int32Array, at: number): Int32Array | undefined {
    const endpoint = this.all.find((known) => sameRemote(known, 0, words, at));
    if (endpoint !== undefined) this.preferred = endpoint;
    return endpoint;
  }

  /** Every way to every address. */
  targets(paths: readonly (Path | null)[]): HandshakeTarget[] {
    const targets: HandshakeTarget[] = [];
    for (const path of paths) {
      if (path === null || path.isExhausted) continue;
      const { family, socket } = path.row;
      for (const words of this.all)
        if (addressFamily(words, 0) === family) targets.push({ path, socket, words, at: 0 });
    }
    return targets;
  }
}
