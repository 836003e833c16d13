import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import { PROLOGUE } from '../../../src/proto/session/initiator.ts';
import {
  HandshakeState,
  MESSAGE_1_OVERHEAD_BYTES,
  MESSAGE_2_OVERHEAD_BYTES,
} from '../../../src/proto/session/noise.ts';
import { fixedRandom, flipped, hex, seededRandom } from '../bytes.ts';
import { vectors } from './vectors.ts';

const primitives = await loadPrimitives();
const { client, server, invite, message1, message2 } = vectors;

function pair(prologue = PROLOGUE, psk = invite.psk) {
  const initiator = new HandshakeState(primitives, {
    initiator: true,
    prologue: PROLOGUE,
    s: client,
    rs: server.publicKey,
  });
  const responder = new HandshakeState(primitives, { initiator: false, prologue, s: server });
  initiator.setPsk(invite.psk);
  responder.setPsk(psk);
  return { initiator, responder };
}

describe('Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b', () => {
  it('is byte for byte what another implementation makes', () => {
    const { initiator, responder } = pair();
    const first = initiator.writeMessage(message1.payload, fixedRandom(client.ephemeral));
    expect(hex(first)).toBe(hex(message1.noise));
    expect(responder.readMessage(first)).toEqual(message1.payload);
    expect(responder.remoteStatic).toEqual(client.publicKey);
    const second = responder.writeMessage(message2.payload, fixedRandom(server.ephemeral));
    expect(hex(second)).toBe(hex(message2.noise));
    expect(initiator.readMessage(second)).toEqual(message2.payload);
    for (const side of [initiator, responder]) {
      expect(hex(side.getHandshakeHash())).toBe(hex(vectors.handshakeHash));
      expect(side.split().map(hex)).toEqual([hex(vectors.k1), hex(vectors.k2)]);
    }
  });

  it('carries payloads of any length, with a fixed overhead', () => {
    const payload = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(payload, payload, fc.nat(), (one, two, seed) => {
        const { initiator, responder } = pair();
        const random = seededRandom(seed);
        const first = initiator.writeMessage(one, random);
        expect(responder.readMessage(first)).toEqual(one);
        const second = responder.writeMessage(two, random);
        expect(initiator.readMessage(second)).toEqual(two);
        expect(first.length - one.length).toBe(MESSAGE_1_OVERHEAD_BYTES);
        expect(second.length - two.length).toBe(MESSAGE_2_OVERHEAD_BYTES);
        expect(initiator.split()).toEqual(responder.split());
      }),
      { numRuns: 20 },
    );
  });

  it('refuses message 1 with any bit changed or cut, and reads the right one afterwards', () => {
    const { responder } = pair();
    for (let bit = 0; bit < message1.noise.length * 8; bit += 5) {
      expect(responder.readMessage(flipped(message1.noise, bit)), `bit ${bit}`).toBeNull();
    }
    for (let length = 0; length < message1.noise.length; length += 3) {
      expect(responder.readMessage(message1.noise.subarray(0, length))).toBeNull();
    }
    expect(responder.readMessage(message1.noise)).toEqual(message1.payload);
  });

  it('refuses message 2 with any bit changed or cut, and reads the right one afterwards', () => {
    const { initiator } = pair();
    initiator.writeMessage(message1.payload, fixedRandom(client.ephemeral));
    for (let bit = 0; bit < message2.noise.length * 8; bit++) {
      // The unused top bit of an X25519 public key changes the hash all the same.
      expect(initiator.readMessage(flipped(message2.noise, bit)), `bit ${bit}`).toBeNull();
    }
    for (let length = 0; length < message2.noise.length; length++) {
      expect(initiator.readMessage(message2.noise.subarray(0, length))).toBeNull();
    }
    expect(initiator.readMessage(message2.noise)).toEqual(message2.payload);
  });

  it('refuses an ephemeral key of low order, however well the rest of the message fits to it', () => {
    const zero = new Uint8Array(32);
    const attacking = { ...primitives, x25519PublicKey: () => zero, x25519: () => zero.slice() };
    const attacker = new HandshakeState(attacking, {
      initiator: true,
      prologue: PROLOGUE,
      s: client,
      rs: server.publicKey,
    });
    const message = attacker.writeMessage(message1.payload, seededRandom(1));
    expect(pair().responder.readMessage(message)).toBeNull();
    // A responder whose X25519 let the zero through would take the message.
    const lax = new HandshakeState(attacking, { initiator: false, prologue: PROLOGUE, s: server });
    expect(lax.readMessage(message)).toEqual(message1.payload);
  });

  it('does not get past another prologue, static key or psk', () => {
    expect(pair(new Uint8Array(3)).responder.readMessage(message1.noise)).toBeNull();
    const other = new HandshakeState(primitives, {
      initiator: false,
      prologue: PROLOGUE,
      s: client,
    });
    expect(other.readMessage(message1.noise)).toBeNull();
    const { initiator, responder } = pair(PROLOGUE, new Uint8Array(32));
    const first = initiator.writeMessage(message1.payload, fixedRandom(client.ephemeral));
    expect(responder.readMessage(first)).toEqual(message1.payload);
    const second = responder.writeMessage(message2.payload, fixedRandom(server.ephemeral));
    expect(initiator.readMessage(second)).toBeNull();
  });

  it('is of no use after wipe', () => {
    const { initiator } = pair();
    const ephemeral = client.ephemeral.slice();
    initiator.writeMessage(message1.payload, () => ephemeral);
    initiator.wipe();
    expect(ephemeral).toEqual(new Uint8Array(32));
    expect(() => initiator.readMessage(message2.noise)).toThrow();
  });
});
