import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatEndpoint,
  parseDuration,
  parseEndpoint,
  parseInterfaceName,
  parseIpv6Network,
  parseListen,
  parseMetricsAddress,
  parseNetwork,
} from '../../src/config/units.ts';

test('metrics are served on this machine alone', () => {
  expect(parseMetricsAddress('127.0.0.1:9460')).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 9_460 });
  expect(parseMetricsAddress('[::1]:9460')).toEqual({ kind: 'tcp', host: '::1', port: 9_460 });
  expect(parseMetricsAddress('unix:/run/m.sock')).toEqual({ kind: 'unix', path: '/run/m.sock' });
  for (const other of [
    '0.0.0.0:9460',
    '192.168.1.2:9460',
    '[::]:9460',
    'localhost:9460',
    '127.0.0.1',
    'unix:m',
    '9460',
  ])
    expect(parseMetricsAddress(other), other).toBeUndefined();
});

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['90m', 5_400_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s is %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(['', '7', 'd', '7 d', '-1d', '1.5h', '1h30', '7days', '99999999w'])('%j is none', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});

describe('endpoints', () => {
  test.each([
    ['vpn.example.org:51820', 'vpn.example.org', 51820],
    ['vpn.example.org', 'vpn.example.org', 4600],
    ['192.0.2.1:4600', '192.0.2.1', 4600],
    ['[2001:db8::1]:1234', '2001:db8::1', 1234],
    ['[2001:db8::1]', '2001:db8::1', 4600],
    ['2001:db8::1', '2001:db8::1', 4600],
    ['localhost', 'localhost', 4600],
  ])('%s', (text, host, port) => expect(parseEndpoint(text)).toEqual({ host, port }));

  test.each([
    '',
    ':4600',
    'h:0',
    'h:65536',
    'h:',
    '[1.2.3.4]:5',
    '1.2.3:4600',
    '-a:1',
    'a b:1',
    'a/b',
    '[::1',
    '2001:db8::1:4600',
    'a..b',
  ])('%j is none', (text) => expect(parseEndpoint(text)).toBeUndefined());

  test('what was read is written the same', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseEndpoint(formatEndpoint({ host, port }))).toEqual({ host, port });
      }),
    );
  });

  test('a port alone listens on both families', () => {
    expect(parseListen(':7')).toEqual([{ host: '::', port: 7 }]);
    expect(parseListen('vpn.example.org:7')).toBeUndefined();
  });
});

describe('networks', () => {
  test('host bits are cleared', () => {
    expect(parseNetwork('10.77.3.4/16')).toBe('10.77.0.0/16');
    expect(parseNetwork('fd00:1:2:3:4::9/65')).toBe('fd00:1:2:3::/65');
    expect(parseNetwork('0.0.0.0/0')).toBe('0.0.0.0/0');
  });

  test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', 'fd00::', '/8', 'x/8'])(
    '%j is none',
    (text) => expect(parseNetwork(text)).toBeUndefined(),
  );

  test('an IPv6 length outside the bounds is none', () => {
    expect(parseIpv6Network('fd00::/48', 64, 112)).toBeUndefined();
  });
});

test('interface names are what the kernel takes', () => {
  expect(parseInterfaceName('wlan0.100')).toBe('wlan0.100');
  for (const name of ['', '.', '..', 'a/b', 'a b', 'eth0:1', 'sixteencharacter', 'ééééééééé'])
    expect(parseInterfaceName(name)).toBeUndefined();
});
