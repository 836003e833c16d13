/** Published vectors, so that a change of library cannot change the bytes on the wire. */
import { describe, expect, it } from 'vitest';
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import { flipped, hex, unhex } from '../bytes.ts';

const primitives = await loadPrimitives();
const text = (value: string) => new TextEncoder().encode(value);

describe('X25519', () => {
  it('RFC 7748 §5.2, first vector', () => {
    const scalar = unhex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
    const point = unhex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
    expect(hex(primitives.x25519(scalar, point) as Uint8Array)).toBe(
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    );
  });

  it('RFC 7748 §5.2, one iteration, as a public key', () => {
    const nine = new Uint8Array(32);
    nine[0] = 9;
    expect(hex(primitives.x25519PublicKey(nine))).toBe(
      '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
    );
  });

  it('gives null for points of low order', () => {
    const own = new Uint8Array(32).fill(7);
    for (const point of [
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000000',
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ]) {
      expect(primitives.x25519(own, unhex(point)), point).toBeNull();
    }
  });
});

describe('BLAKE2b', () => {
  it('RFC 7693 appendix A, in parts', () => {
    const digest =
      'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1' +
      '7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923';
    expect(hex(primitives.blake2b(64, null, text('abc')))).toBe(digest);
    expect(hex(primitives.blake2b(64, null, text('a'), new Uint8Array(0), text('bc')))).toBe(digest);
  });

  it('keyed and short, as of another implementation (Python hashlib)', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => i);
    expect(hex(primitives.blake2b(8, key, text('The quick')))).toBe('3a26db93cd05b3c7');
  });
});

describe('AEADs', () => {
  const plaintext = text(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const associated = unhex('50515253c0c1c2c3c4c5c6c7');
  const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
  const cases = [
    {
      name: 'ChaCha20-Poly1305, RFC 8439 §2.8.2',
      seal: primitives.seal,
      open: primitives.open,
      nonce: unhex('070000004041424344454647'),
      ciphertext:
        'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b' +
        '1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
        '3ff4def08e4b7a9de576d26586cec64b6116',
      tag: '1ae10b594f09e26a7e902ecbd0600691',
    },
    {
      name: 'XChaCha20-Poly1305, draft-irtf-cfrg-xchacha-03 §A.3.1',
      seal: primitives.sealExtended,
      open: primitives.openExtended,
      nonce: unhex('404142434445464748494a4b4c4d4e4f5051525354555657'),
      ciphertext:
        'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39' +
        'ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9' +
        '21f9664c97637da9768812f615c68b13b52e',
      tag: 'c0875924c1c7987947deafd8780acf49',
    },
  ];

  it.each(cases)('$name', ({ seal, open, nonce, ciphertext, tag }) => {
    const sealed = seal(key, nonce, associated, plaintext);
    expect(hex(sealed)).toBe(ciphertext + tag);
    expect(open(key, nonce, associated, sealed)).toEqual(plaintext);
    for (let bit = 0; bit < sealed.length * 8; bit += 13) {
      expect(open(key, nonce, associated, flipped(sealed, bit))).toBeNull();
    }
    expect(open(key, nonce, flipped(associated, 3), sealed)).toBeNull();
    expect(open(key, flipped(nonce, 3), associated, sealed)).toBeNull();
    for (let length = 0; length < 20; length++) {
      expect(open(key, nonce, associated, sealed.subarray(0, length))).toBeNull();
    }
  });
});

it('wipe leaves zeros', () => {
  const secret = new Uint8Array(32).fill(9);
  primitives.wipe(secret);
  expect(secret).toEqual(new Uint8Array(32));
});
