import { expect, it } from 'vitest';
import { parseForward } from '../../src/config/forward-spec.ts';
import { parseTargetRule } from '../../src/config/target-rule.ts';
import { TargetPolicy } from '../../src/engine/target-rules.ts';

it.each([
  ['8080:intranet.example:80', '127.0.0.1', 8080, 'intranet.example', 80],
  ['*:8080:10.0.0.5:81', '', 8080, '10.0.0.5', 81],
  ['[::1]:5432:[2001:db8::5]:5433', '::1', 5432, '2001:db8::5', 5433],
])('%s is a forward', (text, bindAddress, bindPort, host, port) => {
  expect(parseForward(text)).toEqual({ id: text, bindAddress, bindPort, host, port });
});

it.each([
  '',
  '8080',
  '8080:host',
  '0:host:80',
  '8080:host:0',
  '8080:host:65536',
  'name:8080:host:80',
  '1:a b:2',
  '5353/udp:a:53',
])('%s is none', (text) => {
  expect(parseForward(text)).toBeUndefined();
});

function rules(...texts: string[]) {
  return texts.map((text) => {
    const rule = parseTargetRule(text);
    if (rule === undefined) throw new Error(text);
    return rule;
  });
}

it('without rules a target may be anywhere but on this machine alone', () => {
  const policy = new TargetPolicy({ allow: [], deny: [] });
  expect(policy.allows('192.0.2.1', 80)).toBe(true);
  expect(policy.allows('2001:db8::1', 80)).toBe(true);
  for (const own of [
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    'fe80::1',
    '169.254.169.254',
  ])
    expect(policy.allows(own, 80), own).toBe(false);
});

it('deny goes before allow, and an allow-list is all there is', () => {
  const policy = new TargetPolicy({
    allow: rules('10.0.0.0/8', '127.0.0.1:22'),
    deny: rules('10.9.0.0/16:1-1023'),
  });
  expect(policy.allows('10.1.2.3', 80)).toBe(true);
  expect(policy.allows('10.9.2.3', 80)).toBe(false);
  expect(policy.allows('10.9.2.3', 8_080)).toBe(true);
  expect(policy.allows('127.0.0.1', 22)).toBe(true);
  expect(policy.allows('127.0.0.1', 80)).toBe(false);
  expect(policy.allows('192.0.2.1', 80)).toBe(false);
});

it.each(['', '10.0.0.0/33', 'host:80', '10.0.0.1:0', '10.0.0.1:90-80', '2001:db8::/32'])(
  '%s is no rule',
  (text) => {
    expect(parseTargetRule(text)).toBeUndefined();
  },
);
