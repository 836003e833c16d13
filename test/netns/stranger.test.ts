/** What strangers throw at the server gets no answer, changes nothing, and is counted by its reason. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseInvite } from '../../src/config/invite.ts';
import type { Snapshot } from '../../src/engine/messages.ts';
import { isUsable } from '../../src/proto/path/path-state.ts';
import { Capture } from './lab/capture.ts';
import { explainFailures } from './lab/failures.ts';
import { Lab } from './lab/lab.ts';
import { SERVER_ADDRESS, WEB_ADDRESS } from './lab/plan.ts';
import { waitFor } from './lab/process.ts';
import { forgeDatagram, maskKeyOf, sessionIdOf } from './lab/traffic/forge.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Throw, throwAt } from './lab/traffic/stranger.ts';
import { type Daemon, SERVER_INNER_ADDRESS, SERVER_PORT, Vpn } from './lab/vpn.ts';

let lab: Lab;
let vpn: Vpn;
let server: Daemon;
let client: Daemon;
let maskKey: Uint8Array;
/** From the client's first datagram on. */
let recorded: Uint8Array[];
/** Whatever the server sends to the stranger, ICMP included. */
let answers: Capture;
let before: Snapshot;

beforeAll(async () => {
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 5 } },
      { kind: 'lte', settings: { delayMs: 15 } },
    ],
  });
  vpn = new Vpn(lab);
  server = await vpn.startServer(['--no-nat']);
  const invite = await vpn.invite('laptop');
  const parsed = parseInvite(invite);
  if (typeof parsed === 'string') throw new Error(parsed);
  maskKey = await maskKeyOf(parsed.networkKey);
  const capture = await Capture.start(lab, lab.server, 'eth0', `udp dst port ${SERVER_PORT}`);
  client = await vpn.startClient({ invite });
  await startPing(lab.client.namespace, SERVER_INNER_ADDRESS, { count: 50 }).report();
  recorded = capture.payloads();
  await capture.stop();
  answers = await Capture.start(lab, lab.server, 'eth0', `dst host ${WEB_ADDRESS}`);
});
afterAll(() => lab?.close());
explainFailures(() => vpn);
beforeEach(async () => {
  before = await server.status();
});

interface Effect {
  /** How much each reason grew. */
  readonly counts: Readonly<Record<string, number>>;
  /** Dropped unopened, because the window knew them; the copies of the client's own pings among them. */
  readonly duplicates: number;
}

/** Throws, while the client pings: no answer, no ping lost, nothing moved. */
async function throwAll(throws: readonly Throw[]): Promise<Effect> {
  const pinger = startPing(lab.client.namespace, SERVER_INNER_ADDRESS);
  await waitFor('pings', () => pinger.answers > 10);
  const report = await throwAt(lab.web, SERVER_ADDRESS, SERVER_PORT, throws);
  const ping = await pinger.stop();
  const after = await server.status();
  const grown = Object.entries(after.rejects)
    .map(([reason, count]) => [reason, count - before.rejects[reason]] as const)
    .filter(([, count]) => count > 0);
  const duplicates = after.peers[0].duplicatesDropped - before.peers[0].duplicatesDropped;
  console.log(
    `${report.sent} thrown, ${report.answers} answers; rejected ${JSON.stringify(Object.fromEntries(grown))}, ` +
      `${duplicates} dropped as duplicates; ${ping.received} of ${ping.sent} pings meanwhile`,
  );
  expect(report.answers).toBe(0);
  expect(answers.packets()).toEqual([]);
  expect(ping.lost).toEqual([]);
  expect(ping.duplicates).toBe(0);
  expect(sessionsOf(after)).toEqual(sessionsOf(before));
  return { counts: Object.fromEntries(grown), duplicates };
}

/** What must not change: whom the server knows, where, and since which handshake. */
function sessionsOf({ peers }: Snapshot) {
  return peers.map(({ name, address, session, paths }) => ({
    name,
    address,
    handshakes: session.handshakes,
    established: session.established,
    // In doubt for a moment is what any path is whose answer was late.
    paths: paths.map(({ path, remote, state }) => ({ path, remote, isUsable: isUsable(state) })),
  }));
}

const sum = (counts: Record<string, number>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);

describe('a stranger', () => {
  it('with noise of every length', async () => {
    const lengths = [
      ...Array(64).keys(),
      ...Array.from({ length: 400 }, () => 28 + Math.floor(Math.random() * 1400)),
    ];
    const { counts } = await throwAll(lengths.map((length) => ({ datagram: randomBytes(length) })));
    expect(counts.short).toBe(28);
    expect(counts.type).toBeGreaterThan(300);
    expect(sum(counts)).toBe(lengths.length);
  });

  it('with datagrams of every type under the right network key', async () => {
    const throws = Array.from({ length: 256 }, (_, first) => ({
      datagram: forgeDatagram(maskKey, first, Math.floor(Math.random() * 2 ** 32), 7, 200),
    }));
    const { counts } = await throwAll(throws);
    // Types 1, 2 and 3 are handshake messages, of which a server expects one; 0 is data of no session.
    expect(counts.type).toBe(252);
    expect(counts['session-unknown']).toBe(1);
    expect(counts['handshake-network-key'] + (counts['handshake-unexpected'] ?? 0)).toBe(3);
    expect(sum(counts)).toBe(256);
  });

  it('with forged and replayed data of the live session', async () => {
    const data = recorded.slice(-60);
    const sessionId = sessionIdOf(data[0], maskKey);
    const forged = Array.from({ length: 100 }, (_, index) => ({
      datagram: forgeDatagram(maskKey, 0, sessionId, 5_000_000 + index, 100),
    }));
    const replayed = data.map((datagram) => ({ datagram, times: 3 }));
    const { counts, duplicates } = await throwAll([...forged, ...replayed]);
    expect(counts.forged).toBe(100);
    expect(duplicates).toBeGreaterThanOrEqual(data.length * 3);
  });

  it('with truncated and altered datagrams of the client', async () => {
    const whole = recorded.filter((datagram) => datagram.length > 60).slice(-40);
    const truncated = whole.map((datagram) => ({ datagram: datagram.subarray(0, datagram.length - 7) }));
    const altered = whole.map((datagram) => {
      const copy = Buffer.from(datagram);
      copy[20] ^= 0x40;
      return { datagram: copy };
    });
    const { counts, duplicates } = await throwAll([...truncated, ...altered]);
    // Without its tag no header can be read; with a packet number that was there before, none is opened.
    expect(sum(counts)).toBeGreaterThanOrEqual(whole.length);
    expect(sum(counts) + duplicates).toBeGreaterThanOrEqual(2 * whole.length);
  });

  it('with the recorded first handshake message, a thousand times', async () => {
    const [initiation] = recorded;
    const { counts } = await throwAll([{ datagram: initiation, times: 1000 }]);
    expect(counts['handshake-replayed'] + (counts['handshake-overload'] ?? 0)).toBe(1000);
    expect((await client.peer()).session.handshakes).toBe(1);
  });

  it('who holds an invite of another server', async () => {
    const other = vpn.stateDir('other-server');
    const foreign = await vpn.invite('spy', other);
    const site = await lab.addClient([{ kind: 'wifi' }]);
    const spy = vpn.launchClient({ invite: foreign, site, name: 'spy' });
    const counts = await waitFor('its handshakes to be counted', async () => {
      const { rejects } = await server.status();
      const grown = sum(rejects) - sum(before.rejects);
      return grown >= 5 && rejects;
    });
    console.log(`rejected ${JSON.stringify(counts)}`);
    expect((await spy.peer()).session.established).toBe(false);
    await spy.stop();
    expect(sessionsOf(await server.status())).toEqual(sessionsOf(before));
  });
});
