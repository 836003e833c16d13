/** Nothing secret stands in anything that is printed: no key in base64 or hex, in events or snapshots. */
import { Violation } from './violation.ts';

/** A run of characters that may be a key of 32 bytes: 43 in base64 without padding, 64 in hex. */
const TOKEN = /[A-Za-z0-9+/]{43,64}/g;

export class SecretsWatch {
  private readonly forms = new Set<string>();

  constructor(secrets: readonly Uint8Array[]) {
    this.add(...secrets);
  }

  /** 32 bytes each. */
  add(...secrets: readonly Uint8Array[]): void {
    for (const secret of secrets) {
      const bytes = Buffer.from(secret);
      this.forms.add(bytes.toString('hex'));
      this.forms.add(bytes.toString('base64').replace(/=+$/, ''));
    }
  }

  check(who: string, text: string): void {
    for (const [token] of text.matchAll(TOKEN))
      if (this.forms.has(token)) throw new Violation('no-secrets', `${who} prints a secret`);
  }
}
