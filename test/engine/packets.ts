/** Packets of TCP as another program would make them. */
export interface TcpWishes {
  readonly sourcePort?: number;
  readonly port?: number;
  /** SYN unless said otherwise. */
  readonly flags?: number;
  readonly sequence?: number;
  /** Bytes, a multiple of 4. */
  readonly options?: number;
  readonly ipOptions?: number;
  readonly data?: number;
}

export function tcpPacket(family: 4 | 6, wishes: TcpWishes) {
  const {
    sourcePort = 40_000,
    port = 80,
    flags = 2,
    sequence = 1,
    options = 0,
    ipOptions = 0,
    data = 0,
  } = wishes;
  const source = family === 4 ? Uint8Array.of(10, 77, 0, 2) : Uint8Array.from({ length: 16 }, (_, i) => i);
  const host =
    family === 4 ? Uint8Array.of(192, 0, 2, 80) : Uint8Array.from({ length: 16 }, (_, i) => 255 - i);
  const tcp = new Uint8Array(20 + options + data).fill(1, 20);
  const view = new DataView(tcp.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, port);
  view.setUint32(4, sequence);
  tcp[12] = ((20 + options) / 4) << 4;
  tcp[13] = flags;
  view.setUint16(14, 64_240);
  const ip = new Uint8Array(family === 4 ? 20 + ipOptions : 40).fill(1, family === 4 ? 20 : 40);
  const header = new DataView(ip.buffer);
  if (family === 4) {
    ip.set([0x45 + ipOptions / 4, 0]);
    header.setUint16(2, ip.length + tcp.length);
    ip.set([0x40, 0, 64, 6], 6);
  } else {
    ip[0] = 0x60;
    header.setUint16(4, tcp.length);
    ip.set([6, 64], 6);
  }
  ip.set(source, family === 4 ? 12 : 8);
  ip.set(host, family === 4 ? 16 : 24);
  return { packet: Uint8Array.of(...ip, ...tcp), source, host };
}

/** 0 when the TCP checksum is right; word by word, as RFC 1071 describes it. */
export function checksum(packet: Uint8Array, family: 4 | 6): number {
  const tcpAt = family === 4 ? (packet[0] & 15) * 4 : 40;
  const addresses = family === 4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
  const tcp = packet.subarray(tcpAt);
  const all = Uint8Array.of(...addresses, 0, 6, tcp.length >>> 8, tcp.length & 255, ...tcp, 0);
  let sum = 0;
  for (let i = 0; i + 1 < all.length; i += 2) {
    sum += (all[i] << 8) | all[i + 1];
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum ^ 0xffff;
}
