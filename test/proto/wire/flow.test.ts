import { describe, expect, it } from 'vitest';
import { FlowReader } from '../../../src/proto/wire/flow.ts';

/** Into the middle of a larger buffer: nothing outside may count. */
function read(packet: Uint8Array) {
  const bytes = new Uint8Array(packet.length + 20).fill(0xff);
  bytes.set(packet, 7);
  const { protocol, sourcePort, destinationPort, dscp, hash } = (() => {
    const flow = new FlowReader();
    flow.read(bytes, 7);
    return flow;
  })();
  return { protocol, sourcePort, destinationPort, dscp, hash };
}

function ipv4(protocol: number, data: readonly number[], fragment = 0, options = 0): Uint8Array {
  const header = 20 + options;
  const length = header + data.length;
  const bytes = new Uint8Array(length);
  bytes[0] = 0x40 | (header / 4);
  bytes[1] = 46 << 2;
  bytes[2] = length >>> 8;
  bytes[3] = length;
  bytes[6] = fragment >>> 8;
  bytes[7] = fragment;
  bytes[9] = protocol;
  bytes.set([10, 77, 0, 2, 192, 0, 2, 80], 12);
  bytes.set(data, header);
  return bytes;
}

function ipv6(next: number, data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(40 + data.length);
  // DSCP 46.
  bytes[0] = 0x6b;
  bytes[1] = 0x80;
  bytes[4] = data.length >>> 8;
  bytes[5] = data.length;
  bytes[6] = next;
  bytes[23] = 1;
  bytes[39] = 2;
  bytes.set(data, 40);
  return bytes;
}

const PORTS = [0x13, 0x88, 0x00, 0x35, 0, 0, 0, 0];
const MORE_FRAGMENTS = 0x2000;

describe('the flow of a packet', () => {
  it('is read from IPv4, options included', () => {
    for (const options of [0, 8])
      expect(read(ipv4(17, PORTS, 0, options))).toMatchObject({
        protocol: 17,
        sourcePort: 5000,
        destinationPort: 53,
        dscp: 46,
      });
  });

  it('is read from IPv6 behind its extension headers', () => {
    const hopByHop = [60, 0, 0, 0, 0, 0, 0, 0];
    const destination = [51, 1, ...new Array(14).fill(0)];
    const authentication = [6, 1, ...new Array(10).fill(0)];
    expect(read(ipv6(6, PORTS))).toMatchObject({ protocol: 6, sourcePort: 5000, dscp: 46 });
    expect(read(ipv6(0, [...hopByHop, ...destination, ...authentication, ...PORTS]))).toMatchObject({
      protocol: 6,
      sourcePort: 5000,
      destinationPort: 53,
    });
  });

  it('has no ports in a later fragment, in ICMP, and where the packet ends before them', () => {
    const none = { sourcePort: -1, destinationPort: -1 };
    expect(read(ipv4(17, PORTS, 100))).toMatchObject(none);
    expect(read(ipv4(1, PORTS))).toMatchObject({ ...none, protocol: 1 });
    expect(read(ipv4(17, [0x13, 0x88]))).toMatchObject(none);
    const later = [17, 0, 0x01, 0x00, 0, 0, 0, 9];
    expect(read(ipv6(44, [...later, ...PORTS]))).toMatchObject({ ...none, protocol: 17 });
  });

  it('is one for all fragments', () => {
    const first = read(ipv4(17, PORTS, MORE_FRAGMENTS));
    const later = read(ipv4(17, [1, 2, 3, 4], 100));
    expect(first.sourcePort).toBe(5000);
    expect(first.hash).toBe(later.hash);
  });

  it('differs by ports and protocol', () => {
    const other = [0x13, 0x89, ...PORTS.slice(2)];
    const hashes = [ipv4(17, PORTS), ipv4(6, PORTS), ipv4(17, other), ipv6(17, PORTS)].map(
      (p) => read(p).hash,
    );
    expect(new Set(hashes).size).toBe(4);
  });

  it('ends an endless chain of extension headers, and one that passes the end', () => {
    const headers = Array.from({ length: 20 }, () => [0, 0, 0, 0, 0, 0, 0, 0]).flat();
    expect(read(ipv6(0, headers)).sourcePort).toBe(-1);
    expect(read(ipv6(0, [17, 255, 0, 0, 0, 0, 0, 0])).sourcePort).toBe(-1);
  });

  it('calls both ICMPs by one number', () => {
    expect(read(ipv6(58, PORTS)).protocol).toBe(1);
  });
});
