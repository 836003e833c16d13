/** The addon's share of the handshake's primitives makes the bytes of the published vectors and of libsodium. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPrimitives } from '../../src/crypto/sodium.ts';
import { loadNative } from '../../src/native/native.ts';
import { withNative } from '../../src/native/native-primitives.ts';
import { hex, unhex } from '../proto/bytes.ts';
import { publishedNoise } from '../proto/session/published-noise.ts';

const reference = await loadPrimitives();
const native = loadNative();
const primitives = withNative(native, reference);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
// biome-ignore lint/suspicious/noExplicitAny: what a wrong caller passes
type Any = any;

publishedNoise('the addon', primitives);

describe('X25519', () => {
  it('RFC 7748 §5.2, first vector', () => {
    const scalar = unhex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
    const point = unhex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
    expect(hex(primitives.x25519(scalar, point) as Uint8Array)).toBe(
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    );
  });

  it('agrees with libsodium on any key and any point', () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), (privateKey, point) => {
        expect(primitives.x25519PublicKey(privateKey)).toEqual(reference.x25519PublicKey(privateKey));
        expect(primitives.x25519(privateKey, point)).toEqual(reference.x25519(privateKey, point));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('gives null for the point %s of low order, and goes on', (point) => {
    const own = new Uint8Array(32).fill(7);
    expect(primitives.x25519(own, unhex(point))).toBeNull();
    const other = reference.x25519PublicKey(own);
    expect(primitives.x25519(own, other)).toEqual(reference.x25519(own, other));
  });
});

describe('BLAKE2b', () => {
  it('agrees with libsodium, whatever the parts, the length and the key', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 9 });
    const key = fc.option(bytes(32));
    fc.assert(
      fc.property(parts, fc.constantFrom(16, 32, 64), key, (list, length, keyBytes) => {
        const expected = reference.blake2b(length, keyBytes, ...list);
        expect(primitives.blake2b(length, keyBytes, ...list)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a wrong argument', () => {
  const key = new Uint8Array(32);
  it.each([31, 33])('of %i bytes throws', (length) => {
    const wrong = new Uint8Array(length);
    expect(() => native.addon.x25519(wrong, key, key)).toThrow(RangeError);
    expect(() => native.addon.x25519(key, wrong, key)).toThrow(RangeError);
    expect(() => native.addon.x25519(key, key, wrong)).toThrow(RangeError);
    expect(() => native.addon.x25519PublicKey(wrong, key)).toThrow(RangeError);
    expect(() => native.addon.x25519PublicKey(key, wrong)).toThrow(RangeError);
    expect(() => native.addon.blake2b512(wrong, key)).toThrow(RangeError);
  });

  it('that is no array throws', () => {
    expect(() => native.addon.x25519('key' as Any, key, key)).toThrow(TypeError);
    expect(() => native.addon.blake2b512(new Uint8Array(64), 7 as Any)).toThrow(TypeError);
    expect(() => (native.addon.blake2b512 as Any)()).toThrow(TypeError);
  });
});
