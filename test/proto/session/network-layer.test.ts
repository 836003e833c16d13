import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import {
  HANDSHAKE_OVERHEAD_BYTES,
  handshakeNonce,
  NetworkLayer,
} from '../../../src/proto/session/network-layer.ts';
import { DatagramType, datagramSessionId, datagramType } from '../../../src/proto/wire/datagram.ts';
import { fixedRandom, flipped, hex, seededRandom } from '../bytes.ts';
import { vectors } from './vectors.ts';

const primitives = await loadPrimitives();
const network = new NetworkLayer(primitives, vectors.networkKey);

describe('network layer', () => {
  it('makes the datagrams of the vectors', () => {
    const { message1, message2, client } = vectors;
    const initiation = Uint8Array.of(...new Uint8Array(16), ...message1.noise);
    const first = network.sealHandshake(DatagramType.INITIATION, 0, initiation, fixedRandom(message1.nonce));
    expect(hex(first)).toBe(hex(message1.datagram));
    expect(handshakeNonce(first)).toEqual(message1.nonce);
    const random = fixedRandom(message2.nonce);
    const second = network.sealHandshake(DatagramType.RESPONSE, client.sessionId, message2.noise, random);
    expect(hex(second)).toBe(hex(message2.datagram));
    expect(network.openHandshake(second)).toEqual(message2.noise);
  });

  it('derives the mask key that turns header into noise', () => {
    expect(hex(network.maskKey)).toBe(hex(vectors.maskKey));
    const { datagram, masked } = vectors.message1;
    const cipher = createCipheriv('aes-256-ecb', network.maskKey, null);
    const mask = cipher.update(datagram.subarray(-16));
    expect(hex(datagram.map((byte, i) => (i < 12 ? byte ^ mask[i] : byte)))).toBe(hex(masked));
  });

  it('opens what it sealed, whatever type, id and length', () => {
    const types = fc.constantFrom(DatagramType.INITIATION, DatagramType.RESPONSE, DatagramType.COOKIE);
    fc.assert(
      fc.property(
        types,
        fc.nat(0xffffffff),
        fc.uint8Array({ maxLength: 400 }),
        fc.nat(),
        (type, id, body, seed) => {
          const datagram = network.sealHandshake(type, id, body, seededRandom(seed));
          expect(datagram.length).toBe(body.length + HANDSHAKE_OVERHEAD_BYTES);
          expect([datagramType(datagram, 0), datagramSessionId(datagram, 0)]).toEqual([type, id]);
          expect(network.openHandshake(datagram)).toEqual(body);
        },
      ),
    );
  });

  it('opens nothing that was changed, cut, or sealed under another network key', () => {
    const { datagram } = vectors.message2;
    for (let bit = 0; bit < datagram.length * 8; bit++) {
      expect(network.openHandshake(flipped(datagram, bit)), `bit ${bit}`).toBeNull();
    }
    for (let length = 0; length < datagram.length; length++) {
      expect(network.openHandshake(datagram.subarray(0, length))).toBeNull();
    }
    const stranger = new NetworkLayer(primitives, flipped(vectors.networkKey, 0));
    expect(stranger.openHandshake(datagram)).toBeNull();
  });
});
