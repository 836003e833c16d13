/** Builds TCP and UDP packets, plain and joined, the slow and obvious way: the twin that the addon is held against. */
import { createHash } from 'node:crypto';

export const TCP = 6;
export const UDP = 17;
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const CWR = 0x80;

export interface PacketSpec {
  readonly version: 4 | 6;
  readonly transport: typeof TCP | typeof UDP;
  readonly payload: Uint8Array;
  /** Last byte of both addresses' hosts and of the ports: another number is another flow. */
  readonly flow?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  readonly tos?: number;
  readonly ttl?: number;
  /** Bytes between IP and transport header: IPv4 options, IPv6 extension headers. */
  readonly options?: Uint8Array;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly window?: number;
  readonly tcpFlags?: number;
  /** A multiple of four. */
  readonly tcpOptions?: Uint8Array;
  /** `partial`: the pseudo-header sum; `full`: finished; `broken`: finished and wrong. */
  readonly checksum?: 'partial' | 'full' | 'broken';
}

/** One's complement sum over big-endian words, not complemented. */
export function sum16(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

export function ipHeaderBytes(spec: PacketSpec): number {
  return (spec.version === 4 ? 20 : 40) + (spec.options?.length ?? 0);
}

export function headerBytes(spec: PacketSpec): number {
  return ipHeaderBytes(spec) + (spec.transport === UDP ? 8 : 20 + (spec.tcpOptions?.length ?? 0));
}

export function buildPacket(spec: PacketSpec): Uint8Array {
  const ip = ipHeaderBytes(spec);
  const all = headerBytes(spec);
  const bytes = new Uint8Array(all + spec.payload.length);
  const view = new DataView(bytes.buffer);
  const flow = spec.flow ?? 1;
  if (spec.version === 4) {
    bytes[0] = 0x40 | (ip / 4);
    bytes[1] = spec.tos ?? 0;
    view.setUint16(2, bytes.length);
    view.setUint16(4, spec.id ?? 0);
    view.setUint16(6, (spec.dontFragment ?? true) ? 0x4000 : 0);
    bytes[8] = spec.ttl ?? 64;
    bytes[9] = spec.transport;
    bytes.set([10, 1, 0, flow, 10, 2, 0, flow], 12);
    bytes.set(spec.options ?? [], 20);
    view.setUint16(10, ~sum16(bytes.subarray(0, ip)) & 0xffff);
  } else {
    view.setUint32(0, 0x60000000 | ((spec.tos ?? 0) << 20) | 0x12345);
    view.setUint16(4, bytes.length - 40);
    bytes[6] = spec.options === undefined ? spec.transport : 60;
    bytes[7] = spec.ttl ?? 64;
    bytes.set([0x20, 0x01, 0x0d, 0xb8], 8);
    bytes[23] = flow;
    bytes.set([0x20, 0x01, 0x0d, 0xb8, 0, 1], 24);
    bytes[39] = flow;
    bytes.set(spec.options ?? [], 40);
  }
  const transport = bytes.subarray(ip);
  const at = new DataView(bytes.buffer, ip);
  at.setUint16(0, 40000 + flow);
  at.setUint16(2, 443);
  if (spec.transport === UDP) {
    at.setUint16(4, transport.length);
  } else {
    at.setUint32(4, spec.sequence ?? 1);
    at.setUint32(8, spec.acknowledgement ?? 99);
    bytes[ip + 12] = ((all - ip) / 4) << 4;
    bytes[ip + 13] = spec.tcpFlags ?? ACK;
    at.setUint16(14, spec.window ?? 501);
    bytes.set(spec.tcpOptions ?? [], ip + 20);
  }
  bytes.set(spec.payload, all);
  const field = spec.transport === UDP ? 6 : 16;
  at.setUint16(field, pseudoSum(spec, transport.length));
  if ((spec.checksum ?? 'partial') !== 'partial') finishChecksum(bytes, ip, field);
  if (spec.checksum === 'broken') at.setUint16(field, at.getUint16(field) ^ 0x0101);
  return bytes;
}

/** Pseudo header sum, folded. */
function pseudoSum(spec: PacketSpec, length: number): number {
  const flow = spec.flow ?? 1;
  const addresses =
    spec.version === 4
      ? Uint8Array.from([10, 1, 0, flow, 10, 2, 0, flow])
      : Uint8Array.from([
          ...[0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), flow],
          ...[0x20, 0x01, 0x0d, 0xb8, 0, 1, ...new Array(9).fill(0), flow],
        ]);
  return sum16(addresses, spec.transport + length);
}

/** Completes a partial checksum in place, as the receiving kernel would. */
export function finishChecksum(bytes: Uint8Array, start: number, field: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sum = ~sum16(bytes.subarray(start)) & 0xffff;
  view.setUint16(start + field, sum === 0 ? 0xffff : sum);
}

/** The plain packets that a super-packet with `segmentBytes` of payload each stands for. */
export function segmentsOf(spec: PacketSpec, segmentBytes: number): PacketSpec[] {
  const count = Math.max(1, Math.ceil(spec.payload.length / segmentBytes));
  return Array.from({ length: count }, (_, k) => {
    const isLast = k === count - 1;
    let tcpFlags = spec.tcpFlags ?? ACK;
    if (!isLast) tcpFlags &= ~(FIN | PSH);
    if (k > 0) tcpFlags &= ~CWR;
    return {
      ...spec,
      payload: spec.payload.subarray(k * segmentBytes, (k + 1) * segmentBytes),
      id: ((spec.id ?? 0) + k) & 0xffff,
      sequence: ((spec.sequence ?? 1) + k * segmentBytes) >>> 0,
      tcpFlags,
    };
  });
}

export interface FrameHeader {
  readonly flags: number;
  readonly gsoType: number;
  readonly headerBytes: number;
  readonly gsoSize: number;
  readonly checksumStart: number;
  readonly checksumOffset: number;
}

/** A virtio header (machine order, which is little-endian on every machine this runs on) and a packet. */
export function buildFrame(header: Partial<FrameHeader>, packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(10 + packet.length);
  const view = new DataView(frame.buffer);
  frame[0] = header.flags ?? 0;
  frame[1] = header.gsoType ?? 0;
  view.setUint16(2, header.headerBytes ?? 0, true);
  view.setUint16(4, header.gsoSize ?? 0, true);
  view.setUint16(6, header.checksumStart ?? 0, true);
  view.setUint16(8, header.checksumOffset ?? 0, true);
  frame.set(packet, 10);
  return frame;
}

export const NEEDS_CHECKSUM = 1;
export const GSO_TCP4 = 1;
const GSO_TCP6 = 4;
const GSO_UDP = 5;
const GSO_ECN = 0x80;

/** The super-packet of `spec` as the kernel hands it over. */
export function superFrame(spec: PacketSpec, segmentBytes: number): Uint8Array {
  const type = spec.transport === UDP ? GSO_UDP : spec.version === 4 ? GSO_TCP4 : GSO_TCP6;
  const isEcn = spec.transport === TCP && ((spec.tcpFlags ?? ACK) & CWR) !== 0;
  const header = {
    flags: NEEDS_CHECKSUM,
    gsoType: type | (isEcn ? GSO_ECN : 0),
    headerBytes: headerBytes(spec),
    gsoSize: segmentBytes,
    checksumStart: ipHeaderBytes(spec),
    checksumOffset: spec.transport === UDP ? 6 : 16,
  };
  return buildFrame(header, buildPacket({ ...spec, checksum: 'partial' }));
}

/** Bytes that look random and are the same every time. */
export function noise(length: number, seed = 0): Uint8Array {
  const out = new Uint8Array(length);
  for (let at = 0, block = 0; at < length; at += 32, block++) {
    const digest = createHash('sha256').update(`${seed}:${block}`).digest();
    out.set(digest.subarray(0, Math.min(32, length - at)), at);
  }
  return out;
}
