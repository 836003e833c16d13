/** All clients at once, through the server to its TUN device, as fast as the server takes it. */
import { readFileSync } from 'node:fs';
import { parseIpv4 } from '../../../src/proto/wire/ip-text.ts';
import type { Crowd } from './crowd.ts';
import { HEADERS_BYTES, makeTemplate, stamp } from './inner-packet.ts';
import type { FloodResult } from './messages.ts';

/** Packets of one client in a row: a burst of one TCP sender. */
const BURST_PACKETS = 32;
/** Under way at once: less than the server's socket buffer holds. */
const WINDOW_PACKETS = 2_048;
/** What is still under way after so long without an arrival is lost. */
const LOST_AFTER_MS = 200;

export async function flood(crowd: Crowd, seconds: number, bytes: number): Promise<FloodResult> {
  const { serverPid, serverTun, serverAddress } = crowd.options;
  const arrivals = new Arrivals(serverPid, serverTun, bytes);
  const server = parseIpv4(serverAddress);
  const templates = crowd.clients.map((client) => makeTemplate(client.address, server, bytes));
  const beganMs = performance.now();
  let sent = 0;
  let written = 0;
  let lastArrivalMs = beganMs;
  let delivered = 0;
  let turn = 0;
  let now = beganMs;
  while (now - beganMs < seconds * 1000) {
    const arrived = arrivals.count();
    if (arrived > delivered) lastArrivalMs = now;
    else if (now - lastArrivalMs > LOST_AFTER_MS) {
      written = sent - arrived;
      lastArrivalMs = now;
    }
    delivered = arrived;
    while (sent - written - delivered + BURST_PACKETS <= WINDOW_PACKETS) {
      const at = turn++ % crowd.clients.length;
      const write = (target: Uint8Array, offset: number) => {
        target.set(templates[at], offset);
        stamp(target, offset, sent++, now);
      };
      crowd.clients[at].send(BURST_PACKETS, bytes, write, now);
    }
    await new Promise((resolve) => setImmediate(resolve));
    now = performance.now();
  }
  const tookSeconds = (now - beganMs) / 1000;
  await new Promise((resolve) => setTimeout(resolve, LOST_AFTER_MS));
  return { sentPackets: sent, deliveredPackets: arrivals.count(), seconds: tookSeconds };
}

/** How many packets of `packetBytes` are in `frames` with `bytes` in all: in a super-packet they share one header. */
export function packetsIn(bytes: number, frames: number, packetBytes: number): number {
  return Math.round((bytes - HEADERS_BYTES * frames) / (packetBytes - HEADERS_BYTES));
}

/** Packets that the server wrote to its TUN device, which counts frames. */
class Arrivals {
  private readonly before: readonly [number, number];

  constructor(
    private readonly pid: number,
    private readonly device: string,
    private readonly bytes: number,
  ) {
    this.before = this.read();
  }

  count(): number {
    const [bytes, frames] = this.read();
    return packetsIn(bytes - this.before[0], frames - this.before[1], this.bytes);
  }

  /** Bytes and frames received by the device. */
  private read(): readonly [number, number] {
    const text = readFileSync(`/proc/${this.pid}/net/dev`, 'latin1');
    const line = text.split('\n').find((candidate) => candidate.trim().startsWith(`${this.device}:`));
    if (line === undefined) throw new Error(`the server has no device ${this.device}`);
    const [bytes, frames] = line
      .slice(line.indexOf(':') + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    return [bytes, frames];
  }
}
