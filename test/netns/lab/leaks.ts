/** Watches everything that a machine puts on its links, and names what has no business there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatIpv6 } from '../../../src/proto/wire/ip-text.ts';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespace.ts';
import { SERVER_ADDRESS } from './plan.ts';
import { type Process, waitFor } from './process.ts';
import { SERVER_PORT } from './vpn.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** LINKTYPE_LINUX_SLL2: protocol, interface, hardware type, direction, link address, then the packet. */
const SLL2_BYTES = 20;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
/** Neither the loopback (772) nor a TUN device (65534). */
const ARPHRD_ETHER = 1;
const OUTGOING = 4;
let watches = 0;

export interface LinkTraffic {
  /** Tunnel datagrams that left. */
  readonly tunnel: number;
  /** Packets that should not have, each kind once: `UDP 192.168.1.23 > 192.0.2.80:53`. */
  readonly leaks: readonly string[];
}

export class LeakWatch {
  readonly #process: Process;
  readonly #file: string;

  private constructor(process: Process, file: string) {
    this.#process = process;
    this.#file = file;
  }

  /** On all interfaces at once, those that come and go as well. */
  static async start(lab: Lab, namespace: Namespace): Promise<LeakWatch> {
    const file = join(lab.directory, `leaks${watches++}.pcap`);
    const words = ['tcpdump', '-i', 'any', '-y', 'LINUX_SLL2', '-n', '-U', '-s', '128', '--immediate-mode'];
    const tcpdump = lab.start(namespace, [...words, '-Z', 'root', '-w', file]);
    await waitFor('tcpdump', () => tcpdump.stderr.includes('listening on'));
    return new LeakWatch(tcpdump, file);
  }

  traffic(): LinkTraffic {
    const bytes = readFileSync(this.#file);
    const leaks = new Set<string>();
    let tunnel = 0;
    for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= bytes.length; ) {
      const length = bytes.readUInt32LE(at + 8);
      const frame = bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length);
      at += RECORD_HEADER_BYTES + length;
      if (frame.length < length || frame.readUInt16BE(8) !== ARPHRD_ETHER || frame[10] !== OUTGOING) continue;
      const kind = describe(frame.readUInt16BE(0), frame.subarray(SLL2_BYTES));
      if (kind === 'tunnel') tunnel++;
      else if (kind !== 'link') leaks.add(kind);
    }
    return { tunnel, leaks: [...leaks] };
  }

  async stop(): Promise<LinkTraffic> {
    await this.#process.stop();
    return this.traffic();
  }
}

/** `tunnel`, `link` for what keeps a link alive (ARP, DHCP, neighbour discovery), or the packet in words. */
function describe(ethertype: number, packet: Buffer): string {
  if (ethertype === ETHERTYPE_ARP) return 'link';
  if (ethertype === ETHERTYPE_IPV4) return describeIpv4(packet);
  if (ethertype === ETHERTYPE_IPV6) return describeIpv6(packet);
  return `ethertype ${ethertype.toString(16)}`;
}

function describeIpv4(packet: Buffer): string {
  const start = (packet[0] & 0x0f) * 4;
  const [source, target] = [packet.subarray(12, 16).join('.'), packet.subarray(16, 20).join('.')];
  if (packet[9] !== 17) return `protocol ${packet[9]} ${source} > ${target}`;
  const ports = [packet.readUInt16BE(start), packet.readUInt16BE(start + 2)];
  if (target === SERVER_ADDRESS && ports[1] === SERVER_PORT) return 'tunnel';
  return ports[0] === 68 && ports[1] === 67 ? 'link' : `UDP ${source} > ${target}:${ports[1]}`;
}

function describeIpv6(packet: Buffer): string {
  const [source, target] = [formatIpv6(packet.subarray(8, 24)), formatIpv6(packet.subarray(24, 40))];
  // Multicast listener reports carry a hop-by-hop option before their ICMPv6 header (RFC 3810 §5).
  const isExtended = packet[6] === 0;
  const protocol = isExtended ? packet[40] : packet[6];
  const type = packet[isExtended ? 42 + 8 * packet[41] + 6 : 40];
  const isLocal = packet[7] === 255 || (packet[7] === 1 && target.startsWith('ff02:'));
  const isNeighbourhood = (type >= 133 && type <= 136) || type === 131 || type === 132 || type === 143;
  if (protocol === 58 && isNeighbourhood && isLocal) return 'link';
  return `IPv6 protocol ${protocol} ${source} > ${target}`;
}
