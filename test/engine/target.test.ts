import { expect, it } from 'vitest';
import { addressBytes, hostBytes } from '../../src/engine/target.ts';

it.each([
  ['192.0.2.1', [192, 0, 2, 1]],
  ['2001:db8::1', [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 1]],
  ['fe80::1%eth0', [0xfe, 0x80, ...Array(13).fill(0), 1]],
])('%s', (text, bytes) => {
  expect([...addressBytes(text)]).toEqual(bytes);
  expect([...hostBytes(text)]).toEqual(bytes);
});

it('a name stays one', () => {
  expect(hostBytes('intranet.example')).toBe('intranet.example');
});
