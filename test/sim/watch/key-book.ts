/**
 * Every session key that was ever installed anywhere, and every nonce used under it: the same number twice under one key is
 * the end of all secrecy, whatever restarts or rekeys lie between.
 */
import { Violation } from './violation.ts';

export interface KeyRecord {
  readonly id: number;
  used: Uint32Array;
  /** Highest number sealed; -1 = none. */
  top: number;
}

export class KeyBook {
  private readonly byKey = new Map<string, KeyRecord>();

  /** Key and IV together: nonces are the IV with the number. */
  record(key: Uint8Array, iv: Uint8Array): KeyRecord {
    const text = Buffer.from(key).toString('latin1') + Buffer.from(iv).toString('latin1');
    let record = this.byKey.get(text);
    if (record === undefined) {
      record = { id: this.byKey.size, used: new Uint32Array(8), top: -1 };
      this.byKey.set(text, record);
    }
    return record;
  }

  noteSealed(record: KeyRecord, number: number): void {
    const word = Math.floor(number / 32);
    if (word >= record.used.length) {
      const larger = new Uint32Array(Math.max(2 * record.used.length, word + 1));
      larger.set(record.used);
      record.used = larger;
    }
    const bit = 1 << (number & 31);
    if (record.used[word] & bit) throw new Violation('nonce-once', `key ${record.id} number ${number}`);
    record.used[word] |= bit;
    if (number > record.top) record.top = number;
  }
}
