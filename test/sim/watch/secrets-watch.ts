/** Nothing secret stands in anything that is printed: no key in base64 or hex, in events or snapshots. */
import { Violation } from './violation.ts';

export class SecretsWatch {
  private readonly forms: string[] = [];

  constructor(secrets: readonly Uint8Array[]) {
    this.add(...secrets);
  }

  add(...secrets: readonly Uint8Array[]): void {
    for (const secret of secrets) {
      const bytes = Buffer.from(secret);
      // Without padding and the last character, which depend on what follows.
      this.forms.push(bytes.toString('hex'), bytes.toString('base64').slice(0, -2));
    }
  }

  check(who: string, text: string): void {
    for (const form of this.forms)
      if (text.includes(form)) throw new Violation('no-secrets', `${who} prints a secret`);
  }
}
