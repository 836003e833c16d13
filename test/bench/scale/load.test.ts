import { describe, expect, it } from 'vitest';
import { checkIp, ipv4Destination, ipv4Source } from '../../../src/proto/wire/ip.ts';
import { parseIpv4 } from '../../../src/proto/wire/ip-text.ts';
import { packetsIn } from './flood.ts';
import { HEADERS_BYTES, MIN_PACKET_BYTES, makeTemplate, sentMs, stamp } from './inner-packet.ts';
import { clientKeys } from './population.ts';

describe('the load of simulated clients', () => {
  it('is made of IP packets that the core takes', () => {
    const [from, to] = [parseIpv4('10.77.0.2'), parseIpv4('10.77.1.3')];
    const packet = makeTemplate(from, to, 200);
    expect(checkIp(packet, 0, packet.length)).toBe(4);
    expect([ipv4Source(packet, 0), ipv4Destination(packet, 0)]).toEqual([from, to]);
  });

  it('carries the time of departure wherever it stands', () => {
    const arena = new Uint8Array(100);
    stamp(arena, 17, 4_000_000_000, 1234.5);
    expect(sentMs(arena, 17)).toBe(1234.5);
    expect(arena.subarray(0, 17 + HEADERS_BYTES).every((byte) => byte === 0)).toBe(true);
    expect(arena.subarray(17 + MIN_PACKET_BYTES).every((byte) => byte === 0)).toBe(true);
  });

  it('is counted right, joined or not', () => {
    const payload = 1400 - HEADERS_BYTES;
    const joined = HEADERS_BYTES + 46 * payload;
    expect(packetsIn(joined, 1, 1400)).toBe(46);
    expect(packetsIn(joined + 3 * 1400, 4, 1400)).toBe(49);
  });

  it('comes from clients with keys of their own, the same each time', () => {
    const keys = [0, 1].map((index) => Buffer.from(clientKeys('seed', index).privateKey).toString('hex'));
    expect(new Set(keys).size).toBe(2);
    expect(Buffer.from(clientKeys('seed', 1).privateKey).toString('hex')).toBe(keys[1]);
    expect(clientKeys('seed', 0).psk).not.toEqual(clientKeys('seed', 0).privateKey);
  });
});
