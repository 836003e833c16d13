import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NativeSealer } from '../../src/native/batch-sealer.ts';
import { loadNative } from '../../src/native/native.ts';
import { type PacketBatch, Verdict } from '../../src/proto/packet-batch.ts';
import { Suite } from '../../src/proto/ports.ts';
import vectors from '../vectors/datagram.json' with { type: 'json' };
import {
  appendReceived,
  appendToSeal,
  type DatagramSpec,
  encrypt,
  headerOf,
  IV,
  KEY,
  MASK_KEY,
  makeSealer,
  nonceOf,
  sealedDatagram,
} from './datagrams.ts';
import { noise } from './packets.ts';
import { bytesOf, expectBytes, makeBatch } from './rows.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const both = [Suite.AES_256_GCM, Suite.CHACHA20_POLY1305] as const;
const spec: DatagramSpec = { type: 0, sessionId: 0xfedcba98, packetNumber: 77n, body: noise(300) };

/** Unmasks row 0 … and marks them to be opened with slot 3. */
function toOpen(sealer: NativeSealer, batch: PacketBatch): void {
  sealer.unmask(batch, 0);
  batch.verdict.fill(Verdict.OPEN, 0, batch.count);
  batch.keySlot.fill(3, 0, batch.count);
}

describe('published vectors', () => {
  it('RFC 8439 A.5: ChaCha20-Poly1305 with a datagram header as associated data', () => {
    const vector = vectors.chaCha20Poly1305;
    // Its associated data reads as a header: type f3, session 33888600, packet number 4e91.
    const packetNumber = 0x4e91n;
    const key = hex(vector.key);
    const iv = nonceOf(hex(vector.nonce), packetNumber);
    const sealer = new NativeSealer(loadNative(), { maskKey: MASK_KEY, slots: 4 });
    sealer.installKey(3, Suite.CHACHA20_POLY1305, key, iv, key, iv);
    const batch = makeBatch();
    const body = hex(vector.plaintext);
    const row = appendToSeal(batch, { type: 0xf3, sessionId: 0x33888600, packetNumber, body });
    sealer.seal(batch);
    batch.verdict[row] = Verdict.RECEIVED;
    sealer.unmask(batch, 0);
    expectBytes(bytesOf(batch, row), hex(vector.associatedData + vector.ciphertext + vector.tag));
    toOpenRow(batch, row);
    sealer.open(batch);
    expect(batch.verdict[row]).toBe(Verdict.OPENED);
    expectBytes(bytesOf(batch, row), body);
  });

  // No published vector of this cipher has associated data that reads as a header. So the ciphertext, which does not
  // depend on it, is held against the vector, and the tag against a twin that makes the tag of the vector.
  it.each([true, false])('GCM specification, test case 16: AES-256-GCM, library %s', (usesLibrary) => {
    const v = vectors.aes256Gcm;
    const [key, nonce, body] = [hex(v.key), hex(v.nonce), hex(v.plaintext)];
    const twin = (associatedData: Uint8Array) => encrypt(Suite.AES_256_GCM, key, nonce, associatedData, body);
    expectBytes(twin(hex(v.associatedData)), hex(v.ciphertext + v.tag));

    const sealer = new NativeSealer(loadNative(), { maskKey: MASK_KEY, slots: 4, usesLibrary });
    sealer.installKey(3, Suite.AES_256_GCM, key, nonce, key, nonce);
    const batch = makeBatch();
    const published: DatagramSpec = { type: 0xfe, sessionId: 0xedfacede, packetNumber: 0n, body };
    const row = appendToSeal(batch, published);
    sealer.seal(batch);
    batch.verdict[row] = Verdict.RECEIVED;
    sealer.unmask(batch, 0);
    const [header, ciphertext] = [headerOf(published), hex(v.ciphertext)];
    expectBytes(bytesOf(batch, row).slice(0, header.length + ciphertext.length), concat(header, ciphertext));
    expectBytes(bytesOf(batch, row), concat(header, twin(header)));
    toOpenRow(batch, row);
    sealer.open(batch);
    expect(batch.verdict[row]).toBe(Verdict.OPENED);
    expectBytes(bytesOf(batch, row), body);
  });

  it('NIST SP 800-38A F.1.5: the mask is AES-256 of the tag', () => {
    const v = vectors.aes256Ecb;
    const sealer = new NativeSealer(loadNative(), { maskKey: hex(v.key), slots: 1 });
    const batch = makeBatch();
    const row = appendToSeal(batch, { type: 0, sessionId: 0, packetNumber: 0n, body: hex(v.plaintext) }, -1);
    sealer.seal(batch);
    expect(batch.verdict[row]).toBe(Verdict.SEND);
    expectBytes(bytesOf(batch, row), hex(v.ciphertext.slice(0, 24) + v.plaintext));
  });
});

const concat = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

function toOpenRow(batch: PacketBatch, row: number): void {
  batch.verdict[row] = Verdict.OPEN;
  batch.keySlot[row] = 3;
}

const specs = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  sessionId: fc.integer({ min: 0, max: 0xffffffff }),
  packetNumber: fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
    fc.constantFrom(0n, 255n, 2n ** 53n - 1n),
  ),
  body: fc.integer({ min: 0, max: 1500 }).map((bytes) => noise(bytes, bytes)),
});

/** Suite, whether the faster library may do it (where it is installed), and what the test is called. */
const ways = [
  [Suite.AES_256_GCM, true, `AES-256-GCM by ${loadNative().addon.gcmLibrary()}`],
  [Suite.AES_256_GCM, false, 'AES-256-GCM by OpenSSL'],
  [Suite.CHACHA20_POLY1305, true, 'ChaCha20-Poly1305'],
] as const;

describe.each(ways)('suite %i, library %s: %s', (suite, usesLibrary) => {
  it('makes the very datagrams of PROTOCOL.md §2, whatever the batch', () => {
    const sealer = makeSealer(suite, usesLibrary);
    fc.assert(
      fc.property(fc.array(specs, { minLength: 1, maxLength: 150 }), (list) => {
        const batch = makeBatch(152);
        for (const each of list) appendToSeal(batch, each);
        sealer.seal(batch);
        for (const [row, each] of list.entries()) {
          expect(batch.verdict[row]).toBe(Verdict.SEND);
          expectBytes(bytesOf(batch, row), sealedDatagram(suite, each));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('opens them, fills the columns, and leaves other rows alone', () => {
    const sealer = makeSealer(suite, usesLibrary);
    fc.assert(
      fc.property(fc.array(specs, { minLength: 1, maxLength: 150 }), (list) => {
        const batch = makeBatch(152);
        for (const each of list) appendReceived(batch, sealedDatagram(suite, each));
        sealer.unmask(batch, 0);
        for (const [row, each] of list.entries()) {
          expect(batch.type[row]).toBe(each.type);
          expect(batch.sessionId[row]).toBe(each.sessionId);
          expect(batch.packetNumber[row]).toBe(Number(each.packetNumber));
          toOpenRow(batch, row);
        }
        batch.verdict[0] = Verdict.DEFERRED;
        const before = bytesOf(batch, 0);
        sealer.open(batch);
        expect(batch.verdict[0]).toBe(Verdict.DEFERRED);
        expectBytes(bytesOf(batch, 0), before);
        for (const [row, each] of list.entries()) {
          if (row === 0) continue;
          expect(batch.verdict[row]).toBe(Verdict.OPENED);
          expectBytes(bytesOf(batch, row), each.body);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a datagram with any bit changed', () => {
    const sealer = makeSealer(suite, usesLibrary);
    const good = sealedDatagram(suite, { ...spec, body: noise(20) });
    for (let bit = 0; bit < good.length * 8; bit++) {
      const batch = makeBatch(8, 4096);
      const row = appendReceived(batch, good.slice());
      toOpen(sealer, batch);
      // Behind the mask, so that the mask is not what is tested.
      batch.arena[batch.offset[row] + (bit >> 3)] ^= 1 << (bit & 7);
      const { offset, length } = { offset: batch.offset[row], length: batch.length[row] };
      sealer.open(batch);
      expect(batch.verdict[row]).toBe(Verdict.FORGED);
      expect(batch.offset[row]).toBe(offset);
      expect(batch.length[row]).toBe(length);
    }
  });

  it('goes on opening after a forgery', () => {
    const sealer = makeSealer(suite, usesLibrary);
    const batch = makeBatch();
    for (const length of [10, 20, 30]) {
      appendReceived(batch, sealedDatagram(suite, { ...spec, body: noise(length) }));
    }
    toOpen(sealer, batch);
    batch.arena[batch.offset[1] + 15] ^= 1;
    sealer.open(batch);
    expect([...batch.verdict.slice(0, 3)]).toEqual([Verdict.OPENED, Verdict.FORGED, Verdict.OPENED]);
    expectBytes(bytesOf(batch, 2), noise(30));
  });

  it('wants key, IV and direction to fit', () => {
    const other = noise(32, 5);
    const wrong: [Uint8Array, Uint8Array][] = [
      [other, IV],
      [KEY, other.slice(0, 12)],
    ];
    for (const [openKey, openIv] of wrong) {
      const sealer = makeSealer(suite, usesLibrary);
      sealer.installKey(3, suite, KEY, IV, openKey, openIv);
      const batch = makeBatch();
      const row = appendReceived(batch, sealedDatagram(suite, spec));
      toOpen(sealer, batch);
      sealer.open(batch);
      expect(batch.verdict[row]).toBe(Verdict.FORGED);
    }
  });
});

describe('opening', () => {
  it('finds nothing authentic in an empty, removed or foreign slot, or in what is too short', () => {
    const sealer = makeSealer();
    sealer.installKey(4, Suite.AES_256_GCM, KEY, IV, KEY, IV);
    sealer.removeKey(4);
    sealer.removeKey(4);
    for (const slot of [0, 4, -1, 8, 2 ** 31 - 1]) {
      const batch = makeBatch();
      const row = appendReceived(batch, sealedDatagram(Suite.AES_256_GCM, spec));
      toOpen(sealer, batch);
      batch.keySlot[row] = slot;
      sealer.open(batch);
      expect(batch.verdict[row]).toBe(Verdict.FORGED);
    }
    const batch = makeBatch();
    const row = appendReceived(batch, noise(27));
    toOpenRow(batch, row);
    sealer.open(batch);
    expect(batch.verdict[row]).toBe(Verdict.FORGED);
  });

  it('never accepts a packet number that the columns cannot hold', () => {
    const sealer = makeSealer();
    const batch = makeBatch();
    const numbers = [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 2n, 2n ** 56n - 1n];
    for (const packetNumber of numbers) {
      appendReceived(batch, sealedDatagram(Suite.AES_256_GCM, { ...spec, packetNumber }));
    }
    toOpen(sealer, batch);
    sealer.open(batch);
    expect([...batch.verdict.slice(0, 4)]).toEqual([
      Verdict.OPENED,
      Verdict.FORGED,
      Verdict.FORGED,
      Verdict.FORGED,
    ]);
  });
});

describe('unmasking', () => {
  it('drops what is shorter than header and tag', () => {
    const sealer = makeSealer();
    const batch = makeBatch();
    for (const length of [0, 1, 12, 27, 28]) appendReceived(batch, noise(length));
    sealer.unmask(batch, 0);
    expect([...batch.verdict.slice(0, 5)]).toEqual([
      ...[Verdict.DROP, Verdict.DROP, Verdict.DROP, Verdict.DROP],
      Verdict.RECEIVED,
    ]);
  });

  it('starts where it is told', () => {
    const sealer = makeSealer();
    const batch = makeBatch();
    const datagram = sealedDatagram(Suite.AES_256_GCM, spec);
    appendReceived(batch, datagram);
    appendReceived(batch, datagram);
    sealer.unmask(batch, 1);
    expectBytes(bytesOf(batch, 0), datagram);
    expectBytes(bytesOf(batch, 1).slice(0, 12), headerOf(spec));
  });
});

describe('the key table', () => {
  it('serves more sessions than it has cipher contexts for', () => {
    const slots = 1500;
    const sealer = new NativeSealer(loadNative(), { maskKey: MASK_KEY, slots });
    const suiteOf = (slot: number) => both[slot % 2];
    for (let slot = 0; slot < slots; slot++) {
      const key = noise(32, slot);
      sealer.installKey(slot, suiteOf(slot), key, IV, key, IV);
    }
    for (const round of [0, 1]) {
      const batch = makeBatch(1504, 1 << 20);
      for (let slot = 0; slot < slots; slot++) {
        appendToSeal(batch, { ...spec, packetNumber: BigInt(round), body: noise(40, slot) }, slot);
      }
      sealer.seal(batch);
      batch.verdict.fill(Verdict.RECEIVED, 0, slots);
      sealer.unmask(batch, 0);
      batch.verdict.fill(Verdict.OPEN, 0, slots);
      sealer.open(batch);
      for (let slot = 0; slot < slots; slot++) {
        expect(batch.verdict[slot]).toBe(Verdict.OPENED);
        expectBytes(bytesOf(batch, slot), noise(40, slot));
      }
    }
    sealer.close();
  });

  it('forgets the old key when a slot is filled again', () => {
    const sealer = makeSealer();
    const batch = makeBatch();
    const row = appendToSeal(batch, spec);
    sealer.seal(batch);
    sealer.installKey(3, Suite.CHACHA20_POLY1305, KEY, IV, noise(32, 1), IV);
    batch.verdict[row] = Verdict.RECEIVED;
    toOpen(sealer, batch);
    sealer.open(batch);
    expect(batch.verdict[row]).toBe(Verdict.FORGED);
  });
});
