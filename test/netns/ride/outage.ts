/**
 * An outage of all links, of any length, while applications go on asking: what waits stays bounded, the NATs forget, and
 * what was asked last before the end is the first thing that arrives.
 */
import type { Snapshot } from '../../../src/engine/messages.ts';
import { Capture } from '../lab/capture.ts';
import { Lab } from '../lab/lab.ts';
import { WEB_ADDRESS } from '../lab/plan.ts';
import { ECHO_PORT, TERMINAL_PORT } from '../lab/ports.ts';
import { pause, waitFor } from '../lab/process.ts';
import { startPing } from '../lab/traffic/ping.ts';
import type { Daemon, Vpn } from '../lab/vpn.ts';

export const RTT_MS = { wifi: 20, lte: 60 } as const;
/** Shorter than any outage here. */
const NAT_MEMORY_S = 5;
/** Between the questions and the end of the outage. */
const ASKED_BEFORE_MS = 400;
/** More than a hold queue takes. */
const FLOOD_PACKETS = 1_000;
const FLOOD_INTERVAL_MS = 4;

/** What became of one UDP datagram and one connection attempt that found no link. Times are since the link was back. */
export interface FirstPackets {
  readonly datagramMs: number;
  /** Copies of it that the receiver got. */
  readonly datagrams: number;
  readonly synMs: number;
  /** What arrived was the very first attempt, no repetition of it. */
  readonly isFirstSyn: boolean;
  readonly connectedMs: number;
}

export interface OutageReport {
  readonly lengthMs: number;
  readonly addresses: readonly [before: string | null, after: string | null];
  /** Most packets that ever waited, at client and server. */
  readonly mostHeld: { readonly client: number; readonly server: number };
  /** Memory of both processes, bytes, before the outage and at its end. */
  readonly residentBytes: { readonly before: number; readonly after: number };
  /** A link came back without anybody being told. */
  readonly silent: FirstPackets;
  /** A link came back, and the kernel said so. */
  readonly told: FirstPackets;
}

export async function raiseOutageLab(): Promise<Lab> {
  const lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: RTT_MS.wifi / 2 } },
      { kind: 'lte', settings: { delayMs: RTT_MS.lte / 2 } },
    ],
  });
  await lab.setNatMemory(NAT_MEMORY_S);
  return lab;
}

/** One outage of `lengthMs` or more: the wifi falls silent, the lte is switched off. Then a short one. */
export async function outage(
  lab: Lab,
  vpn: Vpn,
  lengthMs: number,
  say: (line: string) => void,
): Promise<OutageReport> {
  const { server, client } = await vpn.startPair();
  const addressBefore = (await client.peer()).address;
  const before = residentBytes([client, server]);
  const startMs = Date.now();
  say('no link from now on; both ends are flooded');
  await Promise.all([lab.cut('wifi'), lab.access('lte').switchOff()]);
  const mostHeld = await flood(lab, client, server, addressBefore);
  say(`${mostHeld.client} packets wait at the client, ${mostHeld.server} at the server`);
  await Promise.all([lab.access('wifi').restartNat(), lab.access('lte').restartNat()]);
  const questionMs = startMs + lengthMs - ASKED_BEFORE_MS;
  while (Date.now() < questionMs) {
    await pause(Math.min(60_000, questionMs - Date.now()));
    say(`${Math.round((Date.now() - startMs) / 1000)} s without a link`);
  }
  const after = residentBytes([client, server]);
  const silent = await ask(lab, client, () => lab.restore('wifi'));
  const darkMs = Date.now() - startMs;
  await lab.access('lte').switchOn();
  await bothUp(client);
  await Promise.all([lab.access('wifi').switchOff(), lab.access('lte').switchOff()]);
  await client.until('the client to know', hasNoPath);
  const told = await ask(lab, client, () => lab.access('wifi').switchOn());
  const addressAfter = (await client.peer()).address;
  return {
    lengthMs: darkMs,
    addresses: [addressBefore, addressAfter],
    mostHeld,
    residentBytes: { before, after },
    silent,
    told,
  };
}

async function bothUp(client: Daemon): Promise<void> {
  const isUp = ({ peers }: Snapshot) => peers[0].paths.filter(({ state }) => state === 'up').length === 2;
  await client.until('both paths up', isUp);
}

/** From now on packets wait. */
function hasNoPath({ peers }: Snapshot): boolean {
  return peers[0].paths.every(({ state }) => state !== 'up' && state !== 'suspect');
}

/** Pings both ways through the tunnel, until more were sent than may wait; the most that waited at either end. */
async function flood(lab: Lab, client: Daemon, server: Daemon, clientAddress: string | null) {
  await client.until('the client to know', ({ peers }) =>
    peers[0].paths.every(({ state }) => state !== 'up'),
  );
  const options = { count: FLOOD_PACKETS, intervalMs: FLOOD_INTERVAL_MS };
  const pingers = [
    startPing(lab.client.namespace, WEB_ADDRESS, options),
    startPing(lab.server, clientAddress as string, options),
  ];
  const most = { client: 0, server: 0 };
  const isOver = Promise.all(pingers.map((pinger) => pinger.report()));
  let goesOn = true;
  void isOver.then(() => {
    goesOn = false;
  });
  while (goesOn) {
    most.client = Math.max(most.client, (await client.peer()).heldPackets);
    most.server = Math.max(most.server, (await server.peer()).heldPackets);
    await pause(50);
  }
  return most;
}

/** One datagram and one connection attempt; then `restore`, and what arrives at the web host. */
async function ask(lab: Lab, client: Daemon, restore: () => Promise<void>): Promise<FirstPackets> {
  const { tunName } = await client.status();
  const isSyn = `dst port ${TERMINAL_PORT} and tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn`;
  const tried = await Capture.start(lab, lab.client.namespace, tunName, isSyn);
  const arrived = await Capture.start(lab, lab.web, 'eth0', `udp dst port ${ECHO_PORT} or (${isSyn})`);
  lab.start(lab.client.namespace, ['bash', '-c', `echo -n question >/dev/udp/${WEB_ADDRESS}/${ECHO_PORT}`]);
  const connection = lab.start(
    lab.client.namespace,
    ['bash', '-c', `exec 3<>/dev/tcp/${WEB_ADDRESS}/${TERMINAL_PORT}; echo connected; read -r`],
    { stdin: true },
  );
  await waitFor('the first attempt to connect', () => tried.records().length > 0);
  await pause(ASKED_BEFORE_MS);
  await restore();
  const backMs = Date.now();
  const connectedMs = await waitFor(
    'the connection',
    () => connection.stdout.includes('connected') && Date.now(),
  );
  await waitFor('the datagram', () => arrived.records().some(({ packet }) => packet[9] === UDP));
  connection.child.stdin?.end();
  const datagrams = arrived.records().filter(({ packet }) => packet[9] === UDP);
  const syns = arrived.records().filter(({ packet }) => packet[9] === TCP);
  await tried.stop();
  await arrived.stop();
  return {
    datagramMs: datagrams[0].atMs - backMs,
    datagrams: datagrams.length,
    synMs: syns[0].atMs - backMs,
    isFirstSyn: Buffer.compare(tcpOptions(syns[0].packet), tcpOptions(tried.records()[0].packet)) === 0,
    connectedMs: connectedMs - backMs,
  };
}

const UDP = 17;
const TCP = 6;
/** IPv4 and TCP without options. */
const TCP_OPTIONS_AT = 40;

/** With the time stamp that each attempt has for itself. */
function tcpOptions(packet: Uint8Array): Uint8Array {
  return packet.subarray(TCP_OPTIONS_AT);
}

function residentBytes(daemons: readonly Daemon[]): number {
  return daemons.reduce((sum, daemon) => sum + daemon.residentBytes, 0);
}

export function tellOutage(report: OutageReport): string {
  const { addresses, mostHeld, residentBytes: resident, silent, told, lengthMs } = report;
  const first = (what: string, { datagramMs, datagrams, synMs, isFirstSyn, connectedMs }: FirstPackets) =>
    `${what}: the datagram arrived after ${Math.round(datagramMs)} ms (${datagrams} of 1), the ` +
    `${isFirstSyn ? 'first' : 'REPEATED'} SYN after ${Math.round(synMs)} ms, connected after ${Math.round(connectedMs)} ms`;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    `${(lengthMs / 1000).toFixed(0)} s without a link: address ${addresses.join(', then ')}; ` +
      `at most ${mostHeld.client} packets waited at the client, ${mostHeld.server} at the server; ` +
      `memory of both ${megabytes(resident.before)}, then ${megabytes(resident.after)}`,
    first('a link back, nobody told', silent),
    first('a link back, as the kernel says', told),
  ].join('\n');
}
