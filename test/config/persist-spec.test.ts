import { expect, it } from 'vitest';
import { clientKind } from '../../src/config/client-config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { parsePersist } from '../../src/config/persist-spec.ts';

it.each([
  ['tcp:22', ['22']],
  ['tcp:22,443,8000-8100', ['22', '443', '8000-8100']],
  ['all', ['1-65535']],
  ['tcp', ['1-65535']],
])('%s', (text, ports) => {
  expect(parsePersist(text)).toEqual(ports);
});

it.each([
  '',
  '22',
  'tcp:',
  'tcp:0',
  'tcp:65536',
  'tcp:9-8',
  'tcp:1-2-3',
  'tcp:9-',
  'tcp:22,',
  'udp:53',
  'tcp:22 ',
])('%j is none', (text) => {
  expect(parsePersist(text)).toBeUndefined();
});

const load = (flags: object) =>
  loadConfig(clientKind, { config: false, interface: 'wlan0', ...flags }).config;

it('several are one list', () => {
  expect(load({ persist: ['tcp:22,80', 'tcp:80', 'tcp:443'] }).persist).toEqual(['22', '80', '443']);
});

it('nothing persists where nothing goes into the tunnel', () => {
  expect(() => load({ persist: 'tcp:22', route: 'none' })).toThrow(
    /--persist: expected a --route other than none/,
  );
});
