import { expect, test } from 'vitest';
import {
  addressBytes,
  addressText,
  networkText,
  parsePrefix,
  prefixesOverlap,
} from '../../src/host/ip-prefix.ts';

const prefix = (text: string) => parsePrefix(text)!;

test.each([
  ['0.0.0.0', [0, 0, 0, 0]],
  ['255.1.2.3', [255, 1, 2, 3]],
  ['2001:db8::1', [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
])('%s is its bytes, and back', (text, bytes) => {
  expect([...addressBytes(text)!]).toEqual(bytes);
  expect(addressText(Uint8Array.from(bytes))).toBe(text);
});

test.each([['10.0.0.0/33'], ['10.0.0/8'], ['::/129'], ['10.0.0.0/'], ['/8'], ['fe80::1%eth0/64'], ['']])(
  '%s is no prefix',
  (text) => expect(parsePrefix(text)).toBeNull(),
);

test.each([
  ['10.77.5.6/16', '10.77.0.0/16'],
  ['10.77.5.6', '10.77.5.6/32'],
  ['192.0.2.129/25', '192.0.2.128/25'],
  ['10.1.2.3/0', '0.0.0.0/0'],
  ['2001:DB8::ffff/127', '2001:db8::fffe/127'],
])('the network of %s is %s', (text, network) => expect(networkText(prefix(text))).toBe(network));

test.each([
  ['10.0.0.0/8', '10.77.0.0/16', true],
  ['10.77.0.0/16', '10.0.0.0/8', true],
  ['10.76.0.0/16', '10.77.0.0/16', false],
  ['192.0.2.0/25', '192.0.2.128/25', false],
  ['0.0.0.0/0', '192.0.2.1/32', true],
  ['fd00::/8', 'fd77::/64', true],
  ['fd77::/64', 'fd78::/64', false],
  ['0.0.0.0/0', '::/0', false],
])('%s and %s overlap: %s', (a, b, overlap) => expect(prefixesOverlap(prefix(a), prefix(b))).toBe(overlap));
