import { describe, expect, test } from 'vitest';
import { chainNames, iptablesRules } from '../../src/host/kill-switch/iptables-rules.ts';
import { nftServers, nftTable } from '../../src/host/kill-switch/nft-rules.ts';
import { instanceName, type SwitchPlan } from '../../src/host/kill-switch/switch-plan.ts';

const PLAN: SwitchPlan = {
  name: 'resip-vpn-0a1b2c',
  tunName: 'tun0',
  markBase: 0x52001200,
  servers: [
    { address: '203.0.113.10', port: 4600 },
    { address: '2001:db8::10', port: 4601 },
  ],
  allowed: ['192.168.7.0/24', 'fd00:7::/64'],
};

describe('the table', () => {
  test('replaces the one before in the same transaction', () => {
    const [first, second, third] = nftTable(PLAN).split('\n');
    expect([first, second, third]).toEqual([
      'table inet resip-vpn-0a1b2c',
      'delete table inet resip-vpn-0a1b2c',
      'table inet resip-vpn-0a1b2c {',
    ]);
  });

  test('takes datagrams of the tunnel by mark, address and port together', () => {
    const text = nftTable(PLAN);
    expect(text).toContain('elements = { 203.0.113.10 . 4600 };');
    expect(text).toContain('elements = { 2001:db8::10 . 4601 };');
    expect(text).toContain('meta mark & 0xffffff00 == 0x52001200 ip daddr . udp dport @servers4 accept');
  });

  test('without a server lets no datagram out', () => {
    expect(nftTable({ ...PLAN, servers: [], allowed: [] })).not.toContain('elements');
    expect(nftServers({ ...PLAN, servers: [] })).toBe(
      'flush set inet resip-vpn-0a1b2c servers4\nflush set inet resip-vpn-0a1b2c servers6\n',
    );
  });

  test.each(['tun*', 'a"b', 'tun%d', 'x;y'])(
    'refuses an interface %s: it would be read as a pattern',
    (tunName) => {
      expect(() => nftTable({ ...PLAN, tunName })).toThrow('cannot be used with the kill switch');
      expect(() => iptablesRules({ ...PLAN, tunName }, 4, [])).toThrow('cannot be used with the kill switch');
    },
  );
});

describe('the chains', () => {
  test('end in a refusal, whatever stands before', () => {
    const lines = iptablesRules(PLAN, 4, ['output', 'forward']).split('\n');
    const ofChain = (chain: string) => lines.filter((line) => line.startsWith(`-A ${chain} `));
    expect(ofChain('RESIP-KSO-0a1b2c').at(-1)).toContain('-j REJECT');
    expect(ofChain('RESIP-KSF-0a1b2c').at(-1)).toContain('-j DROP');
    expect(lines).toContain('-I OUTPUT 1 -j RESIP-KSO-0a1b2c');
  });

  test('hold the addresses of their own family', () => {
    expect(iptablesRules(PLAN, 6, [])).not.toContain('203.0.113.10');
    expect(iptablesRules(PLAN, 6, [])).toContain('-d 2001:db8::10 -p udp --dport 4601');
    expect(iptablesRules(PLAN, 4, [])).not.toContain('fd00:7::');
  });

  test('have names that iptables takes', () => {
    const { output, forward } = chainNames(instanceName('/var/lib/resip-vpn'));
    expect(Math.max(output.length, forward.length)).toBeLessThanOrEqual(28);
  });
});
