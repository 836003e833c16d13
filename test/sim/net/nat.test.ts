import { describe, expect, it } from 'vitest';
import { EventQueue } from '../clock.ts';
import { Random } from '../random.ts';
import { address } from './address.ts';
import { Nat, type NatSettings } from './nat.ts';

const inside = address(4, 0x0a000002, 40_000);
const external = address(4, 0x64400001, 0);
const server = address(4, 0xc6336401, 4_600);
const otherPort = address(4, 0xc6336401, 4_601);
const otherHost = address(4, 0xc6336402, 4_600);

function make(settings: Partial<NatSettings> = {}): { nat: Nat; queue: EventQueue } {
  const queue = new EventQueue();
  const full = {
    mapping: 'endpoint-independent',
    filtering: 'endpoint-independent',
    timeoutMs: 120_000,
    inboundRefreshes: false,
    ...settings,
  } as const;
  return { queue, nat: new Nat(queue, new Random(1), full, external) };
}

describe('mapping (RFC 4787 §4.1)', () => {
  it('endpoint-independent: one external port for all', () => {
    const { nat } = make();
    expect(nat.outbound(inside, otherHost)).toBe(nat.outbound(inside, server));
  });

  it('address-dependent: one per host', () => {
    const { nat } = make({ mapping: 'address-dependent' });
    const first = nat.outbound(inside, server);
    expect(nat.outbound(inside, otherPort)).toBe(first);
    expect(nat.outbound(inside, otherHost)).not.toBe(first);
  });

  it('address-and-port-dependent: one per host and port', () => {
    const { nat } = make({ mapping: 'address-and-port-dependent' });
    expect(nat.outbound(inside, otherPort)).not.toBe(nat.outbound(inside, server));
  });
});

describe('filtering (RFC 4787 §5)', () => {
  it('lets in only whom the inside has spoken to, as far as it looks', () => {
    for (const [filtering, fromPort, fromHost] of [
      ['endpoint-independent', true, true],
      ['address-dependent', true, false],
      ['address-and-port-dependent', false, false],
    ] as const) {
      const { nat } = make({ filtering });
      const outside = nat.outbound(inside, server) as number;
      expect(nat.inbound(server, outside)).toBe(inside);
      expect(nat.inbound(otherPort, outside) === inside, filtering).toBe(fromPort);
      expect(nat.inbound(otherHost, outside) === inside, filtering).toBe(fromHost);
    }
  });
});

describe('time (RFC 4787 §4.3)', () => {
  it('outbound packets refresh a mapping, inbound ones only where they may', () => {
    for (const inboundRefreshes of [false, true]) {
      const { nat, queue } = make({ inboundRefreshes });
      const outside = nat.outbound(inside, server) as number;
      queue.nowMs = 100_000;
      expect(nat.inbound(server, outside)).toBe(inside);
      queue.nowMs = 150_000;
      expect(nat.inbound(server, outside) === inside).toBe(inboundRefreshes);
    }
  });

  it('a reboot forgets everything and lets nothing through for its time', () => {
    const { nat, queue } = make();
    const outside = nat.outbound(inside, server) as number;
    nat.reboot(5_000, address(4, 0x64400009, 0));
    expect(nat.outbound(inside, server)).toBe(null);
    queue.nowMs = 5_000;
    expect(nat.inbound(server, outside)).toBe(null);
    expect(nat.outbound(inside, server)).not.toBe(outside);
  });
});
