import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseSuite,
  chooseVersion,
  encodeHandshakeRefusal,
  encodeInitiation,
  encodeResponse,
  INITIATION_PAYLOAD_BYTES,
  parseInitiation,
  parseResponse,
  RefusalCode,
} from '../../../src/proto/session/handshake-payload.ts';
import { MESSAGE_1_OVERHEAD_BYTES, MESSAGE_2_OVERHEAD_BYTES } from '../../../src/proto/session/noise.ts';
import { flipped, hex, unhex } from '../bytes.ts';
import { vectors } from './vectors.ts';

const sessionId = fc.integer({ min: 1, max: 0xffffffff });
const initiation = fc.record({
  sessionId,
  suites: fc.array(fc.nat(255), { minLength: 1, maxLength: 8 }),
  counter: fc.maxSafeNat(),
  inviteId: fc.option(fc.uint8Array({ minLength: 8, maxLength: 8 })),
  incarnation: fc.oneof(fc.constant(0), fc.nat(0xffffffff)),
});

const VERSION = '010101';
const SESSION = '0204 00000007';
const SUITES = '03020102';
const COUNTER = '0408 0000000000000005';

describe('initiation payload', () => {
  it('comes back, always of one length', () => {
    fc.assert(
      fc.property(initiation, (value) => {
        const bytes = encodeInitiation(value);
        expect(bytes.length).toBe(INITIATION_PAYLOAD_BYTES);
        expect(parseInitiation(bytes)).toEqual({ version: 1, ...value });
      }),
    );
  });

  it('is that of the vectors', () => {
    const { client, invite, message1 } = vectors;
    expect(hex(encodeInitiation({ ...client, inviteId: invite.id, incarnation: 0 }))).toBe(
      hex(message1.payload),
    );
  });

  it('takes fields in any order and skips unknown ones', () => {
    const bytes = unhex(`${COUNTER} c800 ${SUITES} ${SESSION} 0703000000 ${VERSION}`);
    expect(parseInitiation(bytes)).toEqual({
      version: 1,
      sessionId: 7,
      suites: [1, 2],
      counter: 5,
      inviteId: null,
      incarnation: 0,
    });
  });

  it.each([
    ['no version', SESSION + SUITES + COUNTER],
    ['no session id', VERSION + SUITES + COUNTER],
    ['session id 0', `${VERSION}0204 00000000${SUITES}${COUNTER}`],
    ['no suites', VERSION + SESSION + COUNTER],
    ['an empty suite list', `${VERSION}${SESSION}0300${COUNTER}`],
    ['no counter', VERSION + SESSION + SUITES],
    ['a counter above 2^53 - 1', `${VERSION}${SESSION}${SUITES}0408 0020000000000000`],
    ['a counter of 4 bytes', `${VERSION}${SESSION}${SUITES}0404 00000001`],
    ['a version of 2 bytes', `01020101${SESSION}${SUITES}${COUNTER}`],
    ['a session id of 3 bytes', `${VERSION}0203000007${SUITES}${COUNTER}`],
    ['an invite id of 7 bytes', `${VERSION}${SESSION}${SUITES}${COUNTER}050700000000000000`],
    ['an incarnation of 3 bytes', `${VERSION}${SESSION}${SUITES}${COUNTER}0803000001`],
    ['a field that passes the end', `${VERSION}${SESSION}${SUITES}${COUNTER}0708`],
  ])('is refused with %s', (_, text) => {
    expect(parseInitiation(unhex(text))).toBeNull();
  });

  it('of a later program is read as version 1 where that one speaks it, too', () => {
    const later = (oldest: string) =>
      parseInitiation(unhex(`010105 ${oldest} ${SESSION} ${SUITES} ${COUNTER} c800`));
    expect(later('090101')).toMatchObject({ version: 1, sessionId: 7, suites: [1, 2], counter: 5 });
    expect(later('090102')).toMatchObject({ version: 5, sessionId: 7 });
    expect(later('')).toMatchObject({ version: 5, sessionId: 7 });
    // What is to be spoken has to be whole.
    expect(parseInitiation(unhex(`010105 090101 ${SESSION} ${SUITES}`))).toBeNull();
  });

  it.each(['0900', '090100', '090102', '09020101'])('is refused with %s for its oldest version', (oldest) => {
    expect(parseInitiation(unhex(`${VERSION} ${oldest} ${SESSION} ${SUITES} ${COUNTER}`))).toBeNull();
  });

  it('of another version needs no more than a session id, for the refusal', () => {
    expect(parseInitiation(unhex(`010102 ${SESSION}`))).toMatchObject({ version: 2, sessionId: 7 });
  });
});

describe('response payload', () => {
  it('comes back', () => {
    fc.assert(
      fc.property(sessionId, fc.nat(255), fc.nat(0xffffffff), (id, suite, incarnation) => {
        const value = { sessionId: id, suite, incarnation };
        expect(parseResponse(encodeResponse(value))).toEqual(value);
      }),
    );
    const { server, message2 } = vectors;
    expect(hex(encodeResponse({ ...server, incarnation: 0 }))).toBe(hex(message2.payload));
  });

  it('of another version, without suite or session id, or with two suites, is refused', () => {
    for (const text of [
      `010102${SESSION}030101`,
      `${VERSION}${SESSION}`,
      `${VERSION}030101`,
      VERSION + SESSION + SUITES,
    ]) {
      expect(parseResponse(unhex(text)), text).toBeNull();
    }
  });

  it('carries a refusal, in any version', () => {
    const refusal = { code: RefusalCode.FULL, text: 'the pool 10.77.0.0/30 is full' };
    const bytes = encodeHandshakeRefusal(refusal);
    expect(parseResponse(bytes)).toEqual(refusal);
    expect(parseResponse(Uint8Array.of(1, 1, 9, ...bytes.subarray(3)))).toEqual(refusal);
    expect(parseResponse(unhex(`${VERSION}0600`))).toBeNull();
  });

  it('is never longer than the initiation that it answers', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.string({ maxLength: 150, unit: 'binary' }), (code, text) => {
        const bytes = encodeHandshakeRefusal({ code, text });
        expect(bytes.length + MESSAGE_2_OVERHEAD_BYTES).toBeLessThanOrEqual(
          INITIATION_PAYLOAD_BYTES + MESSAGE_1_OVERHEAD_BYTES,
        );
        expect(parseResponse(bytes)).toMatchObject({ code });
      }),
    );
  });
});

it('parsing survives noise and flipped bits', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), initiation, fc.nat(), (noise, value, bit) => {
      parseInitiation(noise);
      parseResponse(noise);
      parseInitiation(flipped(encodeInitiation(value), bit));
    }),
  );
});

it('the suite is the first one of the client that the server has', () => {
  expect(chooseSuite([9, 2, 1], [1, 2])).toBe(2);
  expect(chooseSuite([1, 2], [2])).toBe(2);
  expect(chooseSuite([9], [1, 2])).toBe(0);
});

it('the version is the newest that both speak', () => {
  expect([chooseVersion(1, 1), chooseVersion(3, 1), chooseVersion(3, 2), chooseVersion(0, 0)]).toEqual([
    1, 1, 0, 0,
  ]);
});
