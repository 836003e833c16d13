import { describe, expect, it } from 'vitest';
import { connectionKey, readSyn } from '../../src/engine/syn-packet.ts';
import { ipv4HeaderChecksum } from '../../src/proto/wire/ip.ts';
import { checksum, tcpPacket } from './packets.ts';

const FAMILIES = [4, 6] as const;
const headerBytes = (family: 4 | 6) => (family === 4 ? 20 : 40);

describe.each(FAMILIES)('a SYN in IPv%i', (family) => {
  const tcpAt = headerBytes(family);

  it('says whom it asks, and goes out once more as it was', () => {
    const { packet, source, host } = tcpPacket(family, { sourcePort: 40_000, port: 443, options: 20 });
    const syn = readSyn(packet);
    expect(syn).toMatchObject({ family, host, port: 443 });
    expect(syn?.key).toBe(connectionKey(source, 40_000, host, 443));
    expect(syn?.packet.subarray(tcpAt, tcpAt + 16)).toEqual(packet.subarray(tcpAt, tcpAt + 16));
    expect(syn?.packet).toHaveLength(tcpAt + 40);
  });

  it('has right checksums, whatever stood there', () => {
    const { packet } = tcpPacket(family, { options: 12 });
    packet.fill(0xab, tcpAt + 16, tcpAt + 18);
    if (family === 4) packet.fill(0xcd, 10, 12);
    const again = readSyn(packet)?.packet as Uint8Array;
    expect(checksum(again, family)).toBe(0);
    if (family === 4) expect(ipv4HeaderChecksum(again, 0)).toBe(0);
  });

  it('leaves the data of a fast open behind, cut off or not', () => {
    const { packet } = tcpPacket(family, { data: 61 });
    for (const head of [packet, packet.subarray(0, tcpAt + 30)]) {
      const again = readSyn(head)?.packet as Uint8Array;
      expect(again).toHaveLength(tcpAt + 20);
      const told = family === 4 ? (again[2] << 8) | again[3] : 40 + ((again[4] << 8) | again[5]);
      expect(told).toBe(again.length);
      expect(checksum(again, family)).toBe(0);
    }
  });

  it('with marks of congestion is one', () => {
    expect(readSyn(tcpPacket(family, { flags: 0xc2 }).packet)).not.toBeNull();
  });

  it.each([
    ['an answer', 0x12],
    ['a reset', 0x06],
    ['an end', 0x03],
    ['none of them', 0x10],
    ['no flag', 0],
  ])('%s is none', (_, flags) => {
    expect(readSyn(tcpPacket(family, { flags }).packet)).toBeNull();
  });

  it('that is cut off anywhere in its headers is none', () => {
    const { packet } = tcpPacket(family, { options: 20 });
    for (let length = 0; length < packet.length; length++)
      expect(readSyn(packet.subarray(0, length))).toBeNull();
  });

  it('with less than a TCP header, by its own word, is none', () => {
    const { packet } = tcpPacket(family, {});
    packet[tcpAt + 12] = 0x40;
    expect(readSyn(packet)).toBeNull();
  });

  it('of another protocol is none', () => {
    const { packet } = tcpPacket(family, {});
    packet[family === 4 ? 9 : 6] = 17;
    expect(readSyn(packet)).toBeNull();
  });

  it('of another version is none', () => {
    const { packet } = tcpPacket(family, {});
    packet[0] = 0x55;
    expect(readSyn(packet)).toBeNull();
  });
});

describe('in IPv4', () => {
  it('options go along', () => {
    const { packet } = tcpPacket(4, { ipOptions: 8 });
    expect(readSyn(packet)?.packet).toHaveLength(48);
  });

  it.each([
    ['the first of several', 0x20, 0],
    ['a later one', 0, 5],
  ])('a fragment, %s, is none', (_, high, low) => {
    const { packet } = tcpPacket(4, {});
    packet[6] = high;
    packet[7] = low;
    expect(readSyn(packet)).toBeNull();
  });

  it('a header that is shorter than one is none', () => {
    const { packet } = tcpPacket(4, {});
    packet[0] = 0x44;
    expect(readSyn(packet)).toBeNull();
  });
});

it('bytes at random are none, or one that is whole', () => {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  };
  for (let i = 0; i < 20_000; i++) {
    const head = Uint8Array.from({ length: next() % 129 }, next);
    head[0] = [0x45, 0x46, 0x60, head[0]][i % 4];
    head[i % 4 === 2 ? 6 : 9] = 6;
    if (i % 4 < 2) head[6] = head[7] = 0;
    const syn = readSyn(head);
    if (syn !== null) expect(checksum(syn.packet, syn.family)).toBe(0);
  }
});
