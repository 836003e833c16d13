/** UDP payloads and counts of what passes an interface: tcpdump, and the few bytes of the pcap format that it takes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespace.ts';
import { type Process, waitFor } from './process.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const UDP_HEADER_BYTES = 8;
let captures = 0;

export class Capture {
  readonly #process: Process;
  readonly #file: string;
  readonly #linkBytes: number;

  private constructor(process: Process, file: string, linkBytes: number) {
    this.#process = process;
    this.#file = file;
    this.#linkBytes = linkBytes;
  }

  /** Captures on `device`, `filter` as for tcpdump, and waits until it does. */
  static async start(lab: Lab, namespace: Namespace, device: string, filter: string): Promise<Capture> {
    const file = join(lab.directory, `capture${captures++}.pcap`);
    const words = ['tcpdump', '-i', device, '-n', '-U', '-s', '0', '--immediate-mode', '-Z', 'root'];
    const tcpdump = lab.start(namespace, [...words, '-w', file, filter]);
    await waitFor('tcpdump', () => tcpdump.stderr.includes('listening on'));
    // A TUN device has no Ethernet header.
    return new Capture(tcpdump, file, tcpdump.stderr.includes('RAW') ? 0 : 14);
  }

  /** Packets so far, from their IP header on. */
  packets(): Uint8Array[] {
    return this.records().map(({ packet }) => packet);
  }

  /** Packets so far, with the time at which the kernel saw each, milliseconds since the epoch. */
  records(): { readonly atMs: number; readonly packet: Uint8Array }[] {
    const bytes = readFileSync(this.#file);
    const records: { atMs: number; packet: Uint8Array }[] = [];
    for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= bytes.length; ) {
      const atMs = bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1000;
      const length = bytes.readUInt32LE(at + 8);
      const start = at + RECORD_HEADER_BYTES;
      at = start + length;
      if (at <= bytes.length) records.push({ atMs, packet: bytes.subarray(start + this.#linkBytes, at) });
    }
    return records;
  }

  /** UDP payloads so far, of IPv4 packets. */
  payloads(): Uint8Array[] {
    return this.packets().map((packet) => packet.subarray((packet[0] & 0x0f) * 4 + UDP_HEADER_BYTES));
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
