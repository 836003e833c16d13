/** One iperf3 measurement: a fresh server for each, so that a failed one leaves nothing busy. */
import { readFileSync } from 'node:fs';
import type { Namespace } from '../../netns/lab/namespace.ts';
import { type Process, waitFor } from '../../netns/lab/process.ts';

const PORT = 5201;
/** Beyond the measured seconds: connecting, the exchange of results, a machine that is busy. */
const GRACE_MS = 8_000;
/** By name: the machine's default may be BBR, which hides loss. */
const CONGESTION_CONTROL = 'cubic';
/** Of the measuring sockets: what they drop is not the tunnel's loss. */
const WANTED_BUFFER_BYTES = 4 * 1024 * 1024;

export interface IperfRun {
  readonly client: Namespace;
  readonly server: Namespace;
  /** The server as the client reaches it. */
  readonly address: string;
  readonly seconds: number;
}

export interface TcpResult {
  readonly gigabitsPerSecond: number;
  readonly receivedBytes: number;
  readonly retransmits: number;
}

export interface UdpResult {
  /** As the receiver counted. */
  readonly receivedPerSecond: number;
  readonly sentPerSecond: number;
  /** Fraction 0..1. */
  readonly loss: number;
}

/** `down`: the server sends. Rejects with iperf3's own words. */
export async function measureTcp(run: IperfRun, streams: number, isDown: boolean): Promise<TcpResult> {
  const words = ['-C', CONGESTION_CONTROL, '-P', `${streams}`, ...(isDown ? ['-R'] : [])];
  return parseTcp(await iperf(run, words));
}

/** Datagrams with a payload of `bytes`; `perSecond` 0 = as many as the sender can make. */
export async function measureUdp(run: IperfRun, bytes: number, perSecond: number): Promise<UdpResult> {
  return parseUdp(await iperf(run, udpWords(bytes, perSecond)));
}

/** A steady load from client to server, until it is stopped. */
export async function startUdpLoad(
  run: IperfRun,
  bytes: number,
  perSecond: number,
): Promise<{ stop(): Promise<void> }> {
  const server = await startServer(run);
  const client = startClient(run, udpWords(bytes, perSecond));
  return {
    async stop() {
      await client.stop();
      await server.stop();
    },
  };
}

function udpWords(bytes: number, perSecond: number): string[] {
  const rate = Math.round(perSecond * bytes * 8);
  // Bursts of a tenth of a millisecond: a coarser timer measures queues.
  return ['-u', '-l', `${bytes}`, '-b', `${rate}`, '--pacing-timer', '100', '-w', `${socketBufferBytes()}`];
}

/** What this kernel grants without force: iperf3 refuses to run with less than it asked for. */
function socketBufferBytes(): number {
  const limits = ['rmem_max', 'wmem_max'].map((name) =>
    Number(readFileSync(`/proc/sys/net/core/${name}`, 'latin1')),
  );
  return Math.min(WANTED_BUFFER_BYTES, ...limits);
}

async function iperf(run: IperfRun, words: readonly string[]): Promise<string> {
  const server = await startServer(run);
  const client = startClient(run, words);
  const timer = setTimeout(() => client.child.kill('SIGKILL'), run.seconds * 1000 + GRACE_MS);
  try {
    const { code, stdout } = await client.ended;
    if (code === null) throw new Error(`iperf3 did not end within ${run.seconds + GRACE_MS / 1000} s`);
    return stdout;
  } finally {
    clearTimeout(timer);
    await server.stop();
  }
}

/** Bound to the address that the client asks: otherwise a UDP answer may leave from another one. */
async function startServer({ server: namespace, address }: IperfRun): Promise<Process> {
  const server = namespace.start(['iperf3', '-s', '-1', '-B', address, '-p', `${PORT}`, '--forceflush']);
  await waitFor('iperf3 to listen', () => {
    if (!server.isRunning) throw new Error(server.stderr.trim());
    return server.stdout.includes('listening');
  });
  return server;
}

function startClient(run: IperfRun, words: readonly string[]): Process {
  const { address, seconds } = run;
  const common = ['iperf3', '-J', '-c', address, '-p', `${PORT}`, '-t', `${seconds}`];
  return run.client.start([...common, '--connect-timeout', '3000', ...words]);
}

export function parseTcp(json: string): TcpResult {
  const { sum_received: received, sum_sent: sent, sender_tcp_congestion: control } = parseEnd(json);
  if (control !== CONGESTION_CONTROL)
    throw new Error(`iperf3 sent with ${control}, not ${CONGESTION_CONTROL}`);
  return {
    gigabitsPerSecond: received.bits_per_second / 1e9,
    receivedBytes: received.bytes,
    retransmits: sent.retransmits ?? 0,
  };
}

export function parseUdp(json: string): UdpResult {
  const { sum } = parseEnd(json);
  // What arrived out of order is taken off the losses by iperf3; what came twice would make them negative.
  const lost = Math.max(0, sum.lost_packets);
  return {
    receivedPerSecond: (sum.packets - lost) / sum.seconds,
    sentPerSecond: sum.packets / sum.seconds,
    loss: sum.packets === 0 ? 1 : lost / sum.packets,
  };
}

interface Sum {
  readonly seconds: number;
  readonly bytes: number;
  readonly bits_per_second: number;
  readonly retransmits?: number;
  readonly lost_packets: number;
  readonly packets: number;
}

interface End {
  readonly sum: Sum;
  readonly sum_received: Sum;
  readonly sum_sent: Sum;
  readonly sender_tcp_congestion?: string;
}

function parseEnd(json: string): End {
  let report: { error?: string; end?: End };
  try {
    report = JSON.parse(json);
  } catch {
    throw new Error(`iperf3 said: ${json.slice(0, 200)}`);
  }
  if (report.error !== undefined || report.end === undefined) throw new Error(`iperf3: ${report.error}`);
  return report.end;
}
