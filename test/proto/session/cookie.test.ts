import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import { ADDRESS_WORDS } from '../../../src/proto/packet-batch.ts';
import {
  CookieJar,
  cookieMessage,
  LoadMeter,
  parseCookieMessage,
} from '../../../src/proto/session/cookie.ts';
import { flipped, seededRandom } from '../bytes.ts';
import { vectors } from './vectors.ts';

const primitives = await loadPrimitives();
const MINUTE_MS = 60_000;

function address(family: 4 | 6, port: number, ...words: number[]): Int32Array {
  const row = new Int32Array(ADDRESS_WORDS);
  row.set([(family << 16) | port, ...words]);
  return row;
}

describe('cookies', () => {
  const home = address(4, 4_600, 0xc0a80001 | 0);
  const jar = () => new CookieJar(primitives, seededRandom(3));

  it('fit the address and port that they were made for, and no other', () => {
    const cookies = jar();
    const cookie = cookies.make(home, 0, 0);
    expect(cookie.length).toBe(16);
    expect(cookies.check(cookie, home, 0, 1)).toBe(true);
    const others = [
      address(4, 4_601, 0xc0a80001 | 0),
      address(4, 4_600, 0xc0a80002 | 0),
      address(6, 4_600, 0xc0a80001 | 0),
    ];
    for (const other of others) expect(cookies.check(cookie, other, 0, 1)).toBe(false);
    for (let bit = 0; bit < 128; bit++) expect(cookies.check(flipped(cookie, bit), home, 0, 1)).toBe(false);
    expect(cookies.check(new Uint8Array(16), home, 0, 1)).toBe(false);
    expect(cookies.check(cookie.subarray(0, 15), home, 0, 1)).toBe(false);
  });

  it('do not depend on the local side', () => {
    const cookies = jar();
    const elsewhere = address(4, 4_600, 0xc0a80001 | 0);
    elsewhere[5] = 9;
    elsewhere[9] = 3;
    expect(cookies.check(cookies.make(home, 0, 0), elsewhere, 0, 1)).toBe(true);
  });

  it('live through one change of the secret, not through two', () => {
    const cookies = jar();
    const cookie = cookies.make(home, 0, 0);
    expect(cookies.check(cookie, home, 0, 2 * MINUTE_MS - 1)).toBe(true);
    expect(cookies.check(cookie, home, 0, 2 * MINUTE_MS)).toBe(true);
    expect(cookies.make(home, 0, 2 * MINUTE_MS)).not.toEqual(cookie);
    expect(cookies.check(cookie, home, 0, 4 * MINUTE_MS - 1)).toBe(true);
    expect(cookies.check(cookie, home, 0, 4 * MINUTE_MS)).toBe(false);
  });

  it('live for one to two lives of a secret, whatever is asked in between', () => {
    const moments = fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 8 });
    fc.assert(
      fc.property(moments, moments, fc.nat(2 ** 31), (before, between, word) => {
        const cookies = jar();
        const own = address(4, 4_600, word);
        const other = address(4, 4_600, word ^ 1);
        let now = 0;
        for (const ms of before) cookies.make(other, 0, (now += ms));
        const cookie = cookies.make(own, 0, now);
        const madeMs = now;
        for (const ms of between) {
          now += ms;
          const fits = cookies.check(cookie, own, 0, now);
          if (now - madeMs < 2 * MINUTE_MS) expect(fits).toBe(true);
          if (now - madeMs >= 4 * MINUTE_MS) expect(fits).toBe(false);
          expect(cookies.check(cookie, other, 0, now)).toBe(false);
        }
      }),
    );
  });

  it('die in a long pause, too', () => {
    const cookies = jar();
    const cookie = cookies.make(home, 0, 0);
    expect(cookies.check(cookie, home, 0, 60 * MINUTE_MS)).toBe(false);
  });

  it('of another server are worthless', () => {
    const other = new CookieJar(primitives, seededRandom(4));
    expect(jar().check(other.make(home, 0, 0), home, 0, 0)).toBe(false);
  });
});

describe('cookie message', () => {
  const cookie = new Uint8Array(16).fill(0xc0);
  const { message1, message2 } = vectors;

  it('answers one datagram', () => {
    const message = cookieMessage(message1.datagram, cookie);
    expect(parseCookieMessage(message, message1.datagram)).toEqual(cookie);
    expect(parseCookieMessage(message, message2.datagram)).toBeNull();
  });

  it('is refused when cut or longer', () => {
    const message = cookieMessage(message1.datagram, cookie);
    for (let length = 0; length < message.length; length++) {
      expect(parseCookieMessage(message.subarray(0, length), message1.datagram)).toBeNull();
    }
    expect(parseCookieMessage(Uint8Array.of(...message, 0), message1.datagram)).toBeNull();
  });
});

describe('load', () => {
  it('is more than 50 initiations within a second, wherever the second begins', () => {
    const meter = new LoadMeter();
    for (let i = 0; i < 50; i++) expect(meter.note(500 + 10 * i)).toBe(false);
    expect(meter.note(1_499)).toBe(true);
    expect(meter.note(1_500)).toBe(true);
    expect(meter.note(1_600)).toBe(false);
  });

  it('is not 50 a second for ever', () => {
    const meter = new LoadMeter();
    for (let i = 0; i < 500; i++) expect(meter.note(20 * i)).toBe(false);
  });
});
