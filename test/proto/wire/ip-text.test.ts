import { isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, formatIpv6, parseCidr4, parseIpv4, parseIpv6 } from '../../../src/proto/wire/ip-text.ts';
import { hex } from '../bytes.ts';

const ipv6Bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
/** Mostly zero groups, so that `::` has something to do. */
const sparse = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 255])));

describe('addresses as text', () => {
  it('IPv4 comes back', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (address) => {
        expect(parseIpv4(formatIpv4(address))).toBe(address);
      }),
    );
    expect(formatIpv4(0xff4d0001)).toBe('255.77.0.1');
  });

  it('IPv4 is refused in every other form', () => {
    for (const text of [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '01.2.3.4',
      '1.2.3.4 ',
      '1.2.3.-4',
      '0x1.2.3.4',
      '::1',
    ]) {
      expect(parseIpv4(text), text).toBe(-1);
    }
  });

  it('IPv6 comes back, in the form that Node writes', () => {
    fc.assert(
      fc.property(fc.oneof(ipv6Bytes, sparse), (bytes) => {
        const text = formatIpv6(bytes);
        expect(hex(parseIpv6(text) as Uint8Array)).toBe(hex(bytes));
        const node = new SocketAddress({ address: text, family: 'ipv6' }).address;
        if (!node.includes('.')) expect(text).toBe(node);
      }),
    );
  });

  it('IPv6 is taken and refused as Node does', () => {
    const part = fc.oneof(
      fc.constantFrom('', ':', '::', '1.2.3.4', 'g', '12345'),
      fc.nat(0xffff).map((n) => n.toString(16)),
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 9 }).map((parts) => parts.join(':')),
        (text) => {
          expect(parseIpv6(text) !== null, text).toBe(isIPv6(text));
        },
      ),
      { numRuns: 2_000 },
    );
    expect(hex(parseIpv6('::ffff:10.77.0.1') as Uint8Array)).toBe('00000000000000000000ffff0a4d0001');
    expect(parseIpv6('fe80::1%eth0')).toBeNull();
  });

  it('CIDR clears host bits', () => {
    expect(parseCidr4('10.77.3.4/16')).toEqual({ network: 0x0a4d0000, prefixLength: 16 });
    expect(parseCidr4('255.255.255.255/1')).toEqual({ network: 0x80000000, prefixLength: 1 });
    expect(parseCidr4('255.255.255.255/0')).toEqual({ network: 0, prefixLength: 0 });
    expect(parseCidr4('1.2.3.4/32')).toEqual({ network: 0x01020304, prefixLength: 32 });
    for (const text of ['10.77.0.0', '10.77.0.0/', '10.77.0.0/33', '10.77.0/16', '/16', '10.77.0.0/1x']) {
      expect(parseCidr4(text), text).toBeNull();
    }
  });
});
