/** The phases of a run, in order. Each returns lines of the table. */
import { pause } from '../../netns/lab/process.ts';
import { percentile } from '../statistics.ts';
import type { GeneratorClient } from './generator-client.ts';
import type { Generators } from './generators.ts';
import type { ConnectResult, ExchangeResult } from './messages.ts';
import type { ScaleServer } from './server.ts';

export interface Line {
  readonly title: string;
  readonly value: number;
  readonly unit: string;
}

/** Handshakes at once while clients come up: a server that is busy, not overrun. */
const IN_FLIGHT = 64;
/** Until garbage is collected and probes have calmed down. */
const SETTLE_MS = 5_000;
const IDLE_MS = 5_000;
const FLOOD_SECONDS = 5;
const FLOOD_BYTES = 1_400;
const EXCHANGE_SECONDS = 6;
const EXCHANGE_PER_SECOND = 50;
/** Into the exchange. */
const BURST_AFTER_MS = 1_000;

/** Brings the associated clients from `from` to `to`; `emptyBytes` is the memory of a server without clients. */
export async function grow(
  server: ScaleServer,
  crowd: Generators,
  from: number,
  to: number,
  emptyBytes: number,
): Promise<Line[]> {
  const cpuBefore = server.cpuSeconds;
  const result = await crowd.connect(to - from, IN_FLIGHT);
  const cpuSeconds = server.cpuSeconds - cpuBefore;
  await pause(SETTLE_MS);
  const { residentBytes, anonymousBytes } = await server.memory();
  const idleBefore = server.cpuSeconds;
  await pause(IDLE_MS);
  const idlePercent = ((server.cpuSeconds - idleBefore) / (IDLE_MS / 1000)) * 100;
  return [
    ...connectLines(`${to} clients`, result),
    { title: '  handshakes, server alone', value: result.tookMs.length / cpuSeconds, unit: '/CPU s' },
    { title: '  memory of the server', value: residentBytes / 1e6, unit: 'MB' },
    {
      title: '  its own, above an empty server',
      value: (anonymousBytes - emptyBytes) / to / 1024,
      unit: 'KiB/client',
    },
    { title: '  all idle', value: idlePercent, unit: '% CPU' },
  ];
}

/** The active clients send all they can. */
export async function load(server: ScaleServer, active: GeneratorClient, count: number): Promise<Line[]> {
  const cpuBefore = server.cpuSeconds;
  const result = await active.ask({ kind: 'flood', seconds: FLOOD_SECONDS, bytes: FLOOD_BYTES });
  const bytes = result.deliveredPackets * FLOOD_BYTES;
  const lost = 1 - result.deliveredPackets / result.sentPackets;
  return [
    {
      title: `${count} clients at once, ${FLOOD_BYTES} bytes`,
      value: (8 * bytes) / result.seconds / 1e9,
      unit: 'Gbit/s',
    },
    { title: '  packets', value: result.deliveredPackets / result.seconds / 1000, unit: 'k/s' },
    { title: '  server', value: (server.cpuSeconds - cpuBefore) / (bytes / 1e9), unit: 'CPU s/GB' },
    { title: '  lost', value: 100 * lost, unit: '%' },
  ];
}

/** Steady traffic of the active clients, alone. */
export async function quiet(active: GeneratorClient, count: number): Promise<Line[]> {
  const title = `${count} clients × ${EXCHANGE_PER_SECOND}/s`;
  return exchangeLines(title, await exchangeOf(active));
}

/** The same while `count` others lose their sessions and come back; `perSecond` 0 = all at once. */
export async function burst(
  server: ScaleServer,
  active: GeneratorClient,
  crowd: Generators,
  count: number,
  perSecond: number,
): Promise<Line[]> {
  const exchanged = exchangeOf(active);
  await pause(BURST_AFTER_MS);
  const cpuBefore = server.cpuSeconds;
  const spent = crowd.reconnect(count, perSecond).then((connected) => ({
    connected,
    cpuSeconds: server.cpuSeconds - cpuBefore,
  }));
  const [result, { connected, cpuSeconds }] = await Promise.all([exchanged, spent]);
  const how = perSecond === 0 ? 'at once' : `at ${perSecond}/s`;
  return [
    ...exchangeLines(`the same while ${count} reconnect ${how}`, result),
    ...connectLines('reconnecting', connected),
    {
      title: '  the server meanwhile, exchange included',
      value: (1000 * cpuSeconds) / connected.tookMs.length,
      unit: 'CPU ms/handshake',
    },
  ];
}

function exchangeOf(active: GeneratorClient): Promise<ExchangeResult> {
  return active.ask({ kind: 'exchange', seconds: EXCHANGE_SECONDS, perSecond: EXCHANGE_PER_SECOND });
}

function exchangeLines(title: string, result: ExchangeResult): Line[] {
  const lost = 1 - result.deliveredPackets / result.sentPackets;
  return [
    { title: `${title}: lost`, value: 100 * lost, unit: '%' },
    { title: '  one way, p50', value: result.p50Ms, unit: 'ms' },
    { title: '  one way, p99', value: result.p99Ms, unit: 'ms' },
    { title: '  one way, worst', value: result.maxMs, unit: 'ms' },
    { title: '  of that at most this process itself', value: result.pausedMs, unit: 'ms' },
  ];
}

function connectLines(title: string, { wanted, seconds, tookMs }: ConnectResult): Line[] {
  return [
    { title: `${title}: connected`, value: tookMs.length, unit: `of ${wanted}` },
    { title: '  handshakes, whole machine', value: tookMs.length / seconds, unit: '/s' },
    { title: '  until session and address, p50', value: percentile(tookMs, 50), unit: 'ms' },
    { title: '  until session and address, p99', value: percentile(tookMs, 99), unit: 'ms' },
  ];
}
