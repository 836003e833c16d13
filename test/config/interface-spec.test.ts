import { describe, expect, test } from 'vitest';
import {
  formatInterfaceSpec,
  matchesPattern,
  parseBudget,
  parseInterfaceSpec,
  specFor,
} from '../../src/config/interface-spec.ts';

function parsed(text: string) {
  const { spec, mistakes } = parseInterfaceSpec(text);
  if (spec === undefined) throw new Error(mistakes.join('; '));
  return spec;
}

describe('options', () => {
  test('a bare name has none', () => {
    expect(parsed('wlan0')).toEqual({ pattern: 'wlan0', isBackup: false, isMetered: false });
  });

  test('all of them; what has a budget is metered', () => {
    expect(parsed('wwan*, budget=50M/day, backup')).toEqual({
      pattern: 'wwan*',
      isBackup: true,
      isMetered: true,
      budget: { bytes: 50e6, period: 'day' },
    });
  });

  test.each(['wlan0', 'wwan0,metered', 'wwan*,backup,budget=1.5G/month', 'usb?,budget=123.456k/hour'])(
    '%s comes back as it was written',
    (text) => expect(formatInterfaceSpec(parsed(text))).toBe(text),
  );

  test('every mistake is told', () => {
    const { spec, mistakes } = parseInterfaceSpec('a/b,bakcup,budget=50X/day,metered=yes,backup,backup');
    expect(spec).toBeUndefined();
    expect(mistakes).toEqual([
      'an interface name of up to 15 characters, or a pattern such as wwan*',
      'backup, metered, budget after the name ("bakcup" is none of them; did you mean backup?)',
      'budget=50M/day (k, M or G, at least 50k; per hour, day or month)',
      'metered without a value',
      'backup only once',
    ]);
  });

  test.each(['', 'wlan0,', 'wlan0,,backup', 'wlan0,budget', 'wlan0,zzzzzz'])('%j is refused', (text) => {
    expect(parseInterfaceSpec(text).spec).toBeUndefined();
  });
});

test.each([
  ['50M/day', { bytes: 50e6, period: 'day' }],
  ['1.5G/month', { bytes: 1.5e9, period: 'month' }],
  ['50k/hour', { bytes: 50e3, period: 'hour' }],
  ['49k/hour', undefined],
  ['500MB/day', { bytes: 500e6, period: 'day' }],
  ['1/day', undefined],
  ['50M', undefined],
  ['50M/week', undefined],
  ['-5M/day', undefined],
  ['50m/day', undefined],
  ['9999999T/day', undefined],
  ['1e9/day', undefined],
])('budget %s', (text, budget) => expect(parseBudget(text)).toEqual(budget));

test.each([
  ['wwan*', 'wwan0', true],
  ['wwan*', 'wwan', true],
  ['wwan*', 'xwwan0', false],
  ['eth?', 'eth0', true],
  ['eth?', 'eth10', false],
  ['*', 'anything', true],
  ['en*s*', 'enp3s0', true],
  ['eth.1*', 'ethx1', false],
  ['a+b(*', 'a+b(c', true],
])('%s and %s: %s', (pattern, name, does) => expect(matchesPattern(pattern, name)).toBe(does));

test('the very name comes before patterns, and the first pattern before later ones', () => {
  const specs = ['*', 'wwan*,metered', 'wwan1,backup'].map(parsed);
  expect(specFor(specs, 'wwan1')?.pattern).toBe('wwan1');
  expect(specFor(specs, 'wwan0')?.pattern).toBe('*');
  expect(specFor(specs.slice(1), 'eth0')).toBeUndefined();
});
