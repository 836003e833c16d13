import { expect, it } from 'vitest';
import { parseForward, parseForwardName } from '../../src/config/forward-spec.ts';
import { parseListenRule, parseTargetRule } from '../../src/config/target-rule.ts';
import { ListenPolicy } from '../../src/engine/listen-rules.ts';
import { TargetPolicy } from '../../src/engine/target-rules.ts';

it.each([
  ['8080:intranet.example:80', 'tcp', '127.0.0.1', 8080, 'intranet.example', 80],
  ['*:8080:10.0.0.5:81', 'tcp', '', 8080, '10.0.0.5', 81],
  ['[::1]:5432:[2001:db8::5]:5433', 'tcp', '::1', 5432, '2001:db8::5', 5433],
  ['5353/udp:192.0.2.53:53', 'udp', '127.0.0.1', 5353, '192.0.2.53', 53],
  ['*:5353/udp:host:53', 'udp', '', 5353, 'host', 53],
  ['1/tcp:host:2', 'tcp', '127.0.0.1', 1, 'host', 2],
])('%s is a forward', (text, protocol, bindAddress, bindPort, host, port) => {
  const common = { protocol, bindAddress, bindPort, host, port };
  expect(parseForward(text)).toEqual({ id: `-L ${text}`, direction: 'local', ...common });
  expect(parseForward(text, 'remote')).toEqual({ id: `-R ${text}`, direction: 'remote', ...common });
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
  '5353/sctp:a:53',
  '5353:a:53/udp',
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
  expect(policy.allows('192.0.2.1', 80, 'laptop')).toBe(true);
  expect(policy.allows('2001:db8::1', 80, 'laptop')).toBe(true);
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
    expect(policy.allows(own, 80, 'laptop'), own).toBe(false);
});

it('deny goes before allow, and an allow-list is all there is', () => {
  const policy = new TargetPolicy({
    allow: rules('10.0.0.0/8', '127.0.0.1:22'),
    deny: rules('10.9.0.0/16:1-1023'),
  });
  expect(policy.allows('10.1.2.3', 80, 'laptop')).toBe(true);
  expect(policy.allows('10.9.2.3', 80, 'laptop')).toBe(false);
  expect(policy.allows('10.9.2.3', 8_080, 'laptop')).toBe(true);
  expect(policy.allows('127.0.0.1', 22, 'laptop')).toBe(true);
  expect(policy.allows('127.0.0.1', 80, 'laptop')).toBe(false);
  expect(policy.allows('192.0.2.1', 80, 'laptop')).toBe(false);
});

it.each(['', '10.0.0.0/33', 'host:80', '10.0.0.1:0', '10.0.0.1:90-80', '2001:db8::/32'])(
  '%s is no rule',
  (text) => {
    expect(parseTargetRule(text)).toBeUndefined();
  },
);

it.each([
  ['8080', { bindPort: 8080 }],
  ['8080/udp', { bindPort: 8080, protocol: 'udp' }],
  ['127.0.0.1:8080', { bindPort: 8080, bindAddress: '127.0.0.1' }],
  ['[::1]:8080/tcp', { bindPort: 8080, bindAddress: '::1', protocol: 'tcp' }],
  ['*:8080', { bindPort: 8080, bindAddress: '' }],
  ['80:a:1', { bindPort: 80, bindAddress: '127.0.0.1', protocol: 'tcp', host: 'a', port: 1 }],
  ['a:1', { bindPort: 1, bindAddress: 'a' }],
  ['0', undefined],
  ['nas', undefined],
  ['8080:nas', undefined],
])('a forward is called %s', (text, expected) => {
  expect(parseForwardName(text)).toEqual(expected);
});

it('a rule for one client is nobody else’s', () => {
  const policy = new TargetPolicy({
    allow: rules('laptop@127.0.0.1:22'),
    deny: rules('sensor@192.0.2.0/24'),
  });
  expect(policy.allows('127.0.0.1', 22, 'laptop')).toBe(true);
  expect(policy.allows('127.0.0.1', 22, 'sensor')).toBe(false);
  expect(policy.allows('192.0.2.1', 80, 'laptop')).toBe(false);
  expect(policy.allows('192.0.2.1', 80, 'sensor')).toBe(false);
  expect(policy.allows('198.51.100.1', 80, 'sensor')).toBe(true);
});

function listenPolicy(...texts: string[]): ListenPolicy {
  const parsed = texts.map((text) => parseListenRule(text) ?? expect.fail(text));
  return new ListenPolicy(parsed, ['10.77.0.0/16', 'fd00:77::/64']);
}

it('a server listens nowhere for anybody without a rule', () => {
  expect(listenPolicy().allows('laptop', '127.0.0.1', 2222)).toBe(false);
});

it.each([
  ['2222', 'laptop', '127.0.0.1', 2222, true],
  ['2222', 'laptop', '::1', 2222, true],
  ['2222', 'laptop', '10.77.0.1', 2222, true],
  ['2222', 'laptop', 'fd00:77::1', 2222, true],
  ['2222', 'laptop', '203.0.113.10', 2222, false],
  ['2222', 'laptop', '', 2222, false],
  ['2222', 'laptop', '127.0.0.1', 2223, false],
  ['2222-2300', 'laptop', '127.0.0.1', 2300, true],
  ['sensor@2222', 'sensor', '127.0.0.1', 2222, true],
  ['sensor@2222', 'laptop', '127.0.0.1', 2222, false],
  ['203.0.113.10:80', 'laptop', '203.0.113.10', 80, true],
  ['203.0.113.10:80', 'laptop', '127.0.0.1', 80, false],
  ['[2001:db8::1]:80', 'laptop', '2001:db8::1', 80, true],
  ['[2001:DB8:0:0::1]:80', 'laptop', '2001:db8::1', 80, true],
  ['[2001:db8::1]:80', 'laptop', '2001:db8::2', 80, false],
  ['*:80-90', 'laptop', '', 85, true],
  ['*:80-90', 'laptop', '198.51.100.1', 85, true],
  ['2222', 'laptop', '127.0.0.1', 0, false],
  ['1-65535', 'laptop', '127.0.0.1', 0, true],
])('with %s, may %s listen at %j port %i: %j', (rule, client, address, port, isAllowed) => {
  expect(listenPolicy(rule).allows(client, address, port)).toBe(isAllowed);
});

it.each(['', '0', '80-', '90-80', 'name:80', '2001:db8::1:80', '@80', 'a b@80', '*', '1-2-3'])(
  '%j is no rule for listening',
  (text) => {
    expect(parseListenRule(text)).toBeUndefined();
  },
);
