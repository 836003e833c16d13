/** Steady traffic between neighbours: what a client notices of the others. */
import { pause } from '../../netns/lab/process.ts';
import { percentile } from '../statistics.ts';
import type { Crowd } from './crowd.ts';
import { makeTemplate, sentMs, stamp } from './inner-packet.ts';
import type { ExchangeResult } from './messages.ts';

/** A voice packet. */
const PACKET_BYTES = 200;
/** What has not arrived by then is lost. */
const SETTLE_MS = 1_000;

export async function exchange(crowd: Crowd, seconds: number, perSecond: number): Promise<ExchangeResult> {
  const { clients } = crowd;
  const tookMs: number[] = [];
  crowd.onPacket = (_client, bytes, offset) => {
    tookMs.push(performance.now() - sentMs(bytes, offset));
  };
  const templates = clients.map((client, at) => {
    const neighbour = clients[at ^ 1] ?? client;
    return makeTemplate(client.address, neighbour.address, PACKET_BYTES);
  });
  const beganMs = performance.now();
  let sent = 0;
  let pausedMs = 0;
  let lookedMs = beganMs;
  for (let now = beganMs; now - beganMs < seconds * 1000; now = performance.now()) {
    pausedMs = Math.max(pausedMs, now - lookedMs);
    lookedMs = now;
    // Each packet at its own time: clients do not send in step.
    const due = Math.floor(((now - beganMs) / 1000) * perSecond * clients.length);
    for (; sent < due; sent++) {
      const at = sent % clients.length;
      const write = (target: Uint8Array, offset: number) => {
        target.set(templates[at], offset);
        stamp(target, offset, sent, now);
      };
      clients[at].send(1, PACKET_BYTES, write, now);
    }
    await pause(1);
  }
  const settledMs = performance.now() + SETTLE_MS;
  while (tookMs.length < sent && performance.now() < settledMs) await pause(10);
  crowd.onPacket = () => undefined;
  return {
    sentPackets: sent,
    deliveredPackets: tookMs.length,
    p50Ms: percentile(tookMs, 50),
    p99Ms: percentile(tookMs, 99),
    maxMs: percentile(tookMs, 100),
    pausedMs,
  };
}
