import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROBE_BYTES, PROBE_REPLY_MAX_BYTES, Probe, ProbeReply } from '../../../src/proto/wire/probe.ts';
import { embedded, hex, truncations, written } from '../bytes.ts';
import { address, remoteOf } from './address.ts';

const uint32 = fc.nat(0xffffffff);
const fields = fc.record({
  pathId: fc.nat(255),
  tokenHigh: uint32,
  tokenLow: uint32,
  stampMicros: uint32,
  sent: uint32,
  received: uint32,
});

describe('probe', () => {
  it('comes back', () => {
    fc.assert(
      fc.property(fields, (values) => {
        const probe = Object.assign(new Probe(), values);
        const { bytes, offset, length } = embedded(written((b, at) => probe.write(b, at)));
        const found = new Probe();
        expect(length).toBe(PROBE_BYTES);
        expect(found.read(bytes, offset, length)).toBe(true);
        expect({ ...found }).toEqual(values);
      }),
    );
  });

  it('stands as in PROTOCOL.md §5', () => {
    const values = {
      pathId: 2,
      tokenHigh: 0x01020304,
      tokenLow: 0x05060708,
      stampMicros: 0x11121314,
      sent: 0x21222324,
      received: 0x31323334,
    };
    const whole = written((b, at) => Object.assign(new Probe(), values).write(b, at));
    expect(hex(whole)).toBe('06 02 0102030405060708 11121314 21222324 31323334'.replaceAll(' ', ''));
  });

  it('is refused when cut', () => {
    for (const cut of truncations(written((b, at) => new Probe().write(b, at)))) {
      expect(new Probe().read(cut.bytes, cut.offset, cut.length)).toBe(false);
    }
  });
});

describe('probe reply', () => {
  it('comes back', () => {
    fc.assert(
      fc.property(fields, address, (values, words) => {
        const reply = Object.assign(new ProbeReply(), values);
        reply.observed.set(words);
        const { bytes, offset, length } = embedded(written((b, at) => reply.write(b, at)));
        const found = new ProbeReply();
        expect(length).toBeLessThanOrEqual(PROBE_REPLY_MAX_BYTES);
        expect(found.read(bytes, offset, length)).toBe(true);
        expect({ ...found }).toEqual({ ...values, observed: remoteOf(words) });
      }),
    );
  });

  it('is refused when cut', () => {
    fc.assert(
      fc.property(fields, address, (values, words) => {
        const reply = Object.assign(new ProbeReply(), values);
        reply.observed.set(words);
        for (const cut of truncations(written((b, at) => reply.write(b, at)))) {
          expect(new ProbeReply().read(cut.bytes, cut.offset, cut.length)).toBe(false);
        }
      }),
      { numRuns: 20 },
    );
  });
});
