/** One handshake published by others (`test/vectors/noise.json`), as a test for any implementation of the primitives. */
import { describe, expect, it } from 'vitest';
import { HandshakeState, keyPairOf, PROTOCOL_NAME } from '../../../src/proto/session/noise.ts';
import type { Primitives } from '../../../src/proto/session/primitives.ts';
import vector from '../../vectors/noise.json' with { type: 'json' };
import { fixedRandom, hex, unhex } from '../bytes.ts';

/** Transport messages: nonce 0, no associated data (Noise §5.2). */
const NONCE = new Uint8Array(12);
const NOTHING = new Uint8Array(0);

export function publishedNoise(by: string, primitives: Primitives): void {
  describe(`${vector.protocol}, as published, by ${by}`, () => {
    const prologue = unhex(vector.prologue);
    const psk = unhex(vector.psk);
    const responderKeys = keyPairOf(primitives, unhex(vector.responder.static));
    const initiator = new HandshakeState(primitives, {
      initiator: true,
      prologue,
      s: keyPairOf(primitives, unhex(vector.initiator.static)),
      rs: unhex(vector.responder.publicKey),
    });
    const responder = new HandshakeState(primitives, { initiator: false, prologue, s: responderKeys });
    for (const side of [initiator, responder]) side.setPsk(psk);

    it('has the right messages, hash and keys', () => {
      expect(vector.protocol).toBe(PROTOCOL_NAME);
      expect(hex(responderKeys.publicKey)).toBe(vector.responder.publicKey);
      const [one, two, three, four] = vector.messages;
      const first = initiator.writeMessage(
        unhex(one.payload),
        fixedRandom(unhex(vector.initiator.ephemeral)),
      );
      expect(hex(first)).toBe(one.ciphertext);
      expect(hex(responder.readMessage(first) as Uint8Array)).toBe(one.payload);
      const second = responder.writeMessage(
        unhex(two.payload),
        fixedRandom(unhex(vector.responder.ephemeral)),
      );
      expect(hex(second)).toBe(two.ciphertext);
      expect(hex(initiator.readMessage(second) as Uint8Array)).toBe(two.payload);
      for (const side of [initiator, responder]) {
        expect(hex(side.getHandshakeHash())).toBe(vector.handshakeHash);
        // What the vector says first under each key of Split().
        const [k1, k2] = side.split();
        expect(hex(primitives.seal(k1, NONCE, NOTHING, unhex(three.payload)))).toBe(three.ciphertext);
        expect(hex(primitives.seal(k2, NONCE, NOTHING, unhex(four.payload)))).toBe(four.ciphertext);
      }
    });
  });
}
