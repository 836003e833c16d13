/**
 * `npm run demo`: two bad links, a tunnel over both, a ping and a download through it; each link dies in turn. Beside the
 * tunnel's ping run two more, over each link alone, so that the numbers have something to be compared with.
 */
import Table from 'cli-table3';
import { Lab } from './lab.ts';
import { type LinkPlan, SERVER_ADDRESS, WEB_ADDRESS } from './plan.ts';
import { pause, waitFor } from './process.ts';
import { Download } from './traffic/download.ts';
import { type Pinger, startPing } from './traffic/ping.ts';
import type { PingReport } from './traffic/ping-log.ts';
import { type Daemon, SERVER_PORT, Vpn } from './vpn.ts';

const ACT_MS = 4000;
const SLOWEST_RTT_MS = 300;
const MBIT = 1e6;
const BOTH_ALIVE = ['both links', 'wifi is back', 'lte is back'] as const;

interface Act {
  readonly title: string;
  /** Pings through the tunnel, and over each link alone. */
  readonly tunnel: PingReport;
  readonly alone: readonly PingReport[];
  readonly mbits: number;
  readonly stallMs: number;
}

const say = (text = '') => process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  const startMs = performance.now();
  say('Raising the lab: a laptop with Wi-Fi and LTE, routers, a server, a web host (network namespaces) …');
  const lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 10, jitterMs: 1, loss: 0.01, rateBitsPerSecond: 50 * MBIT } },
      { kind: 'lte', settings: { delayMs: 30, jitterMs: 3, loss: 0.01, rateBitsPerSecond: 30 * MBIT } },
    ],
  });
  const interrupt = () => {
    lab.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    say('  wifi  wlan0   20 ms there and back, loses 1 % each way, 50 Mbit/s');
    say(`  lte   wwan0   60 ms there and back, loses 1 % each way, 30 Mbit/s      (dice: seed ${lab.seed})`);
    await perform(lab);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await lab.close();
  }
  say(`\nEverything is taken down. That took ${Math.round((performance.now() - startMs) / 1000)} seconds.`);
  say('To play with the links yourself: npm run lab');
}

async function perform(lab: Lab): Promise<void> {
  const client = await startTunnel(lab);
  say(
    `\nA hundred pings a second and a download run through the tunnel to ${WEB_ADDRESS}; two pings run beside it.\n`,
  );
  const pingers = [
    startPing(lab.client.namespace, WEB_ADDRESS),
    ...lab.client.links.map((link) => startAlone(lab, link)),
  ];
  const download = await Download.start(lab, lab.client.namespace, 2_000_000_000);
  await waitFor('pings', () => pingers[0].answers > 50);
  await download.lap();

  const acts: Act[] = [];
  const act = async (title: string, before: () => Promise<void>) => {
    say(`  ${title} …`);
    await before();
    acts.push(await watch(title, pingers, download));
  };
  await act(BOTH_ALIVE[0], async () => undefined);
  await act('wifi is dead', () => lab.cut('wifi'));
  await act(BOTH_ALIVE[1], () => restore(lab, client, 'wifi', 'wlan0'));
  await act('lte is dead', () => lab.cut('lte'));
  await act(BOTH_ALIVE[2], () => restore(lab, client, 'lte', 'wwan0'));
  await tell(acts, pingers, download, client);
}

/** Server, invite and client, as a user types it. */
async function startTunnel(lab: Lab): Promise<Daemon> {
  const vpn = new Vpn(lab);
  say('\nserver$ resip-vpn server');
  await vpn.startServer();
  say(`server$ resip-vpn invite laptop --endpoint ${SERVER_ADDRESS}:${SERVER_PORT}`);
  const invite = await vpn.invite('laptop');
  say(`laptop$ resip-vpn client '${invite.slice(0, 44)}…' -i wlan0 -i wwan0`);
  const client = await vpn.startClient({ invite });
  const { address, session } = await client.peer();
  say(`        connected as ${address}, ${session.suite}, two paths up`);
  return client;
}

/** Past the tunnel: bound to the interface, straight to the web host. */
function startAlone(lab: Lab, link: LinkPlan): Pinger {
  return startPing(lab.client.namespace, WEB_ADDRESS, { source: link.interfaceName });
}

async function restore(lab: Lab, client: Daemon, link: string, interfaceName: string): Promise<void> {
  await lab.restore(link);
  await client.until(`${interfaceName} up`, ({ peers }) =>
    peers[0].paths.some((path) => path.interfaceName === interfaceName && path.state === 'up'),
  );
}

/** Watches for a while and sums up. */
async function watch(title: string, pingers: readonly Pinger[], download: Download): Promise<Act> {
  const fromMs = Date.now();
  const before = await download.lap();
  await pause(ACT_MS);
  const untilMs = Date.now();
  // What was sent at the end is still under way.
  await pause(SLOWEST_RTT_MS);
  const [tunnel, ...alone] = pingers.map((pinger) => pinger.reportOf(fromMs, untilMs));
  const after = await download.lap();
  const mbits = ((after.bytes - before.bytes) * 8) / (after.durationMs - before.durationMs) / 1000;
  return { title, tunnel, alone, mbits, stallMs: after.longestStallMs };
}

async function tell(
  acts: readonly Act[],
  pingers: readonly Pinger[],
  download: Download,
  client: Daemon,
): Promise<void> {
  const { paths } = await client.peer();
  const [tunnel, ...alone] = await Promise.all(pingers.map((pinger) => pinger.stop()));
  const { bytes, corrupt } = await download.stop();
  say(`\n${tableOf(acts)}\n`);
  const first = (name: string) => paths.find((path) => path.interfaceName === name)?.firstArrivals ?? 0;
  const stallMs = Math.max(...acts.map((act) => act.stallMs));
  const alive = acts.filter(({ title }) => (BOTH_ALIVE as readonly string[]).includes(title));
  const lostAlive = alive.reduce((sum, act) => sum + act.tunnel.lost.length, 0);
  say(
    `${tunnel.sent} pings went through the tunnel, ${tunnel.lost.length} were lost (${lostAlive} with both links alive, ` +
      'the others to the dice of the link that was left);',
  );
  say(`the longest gap between two answers was ${tunnel.longestGapMs} ms.`);
  say(`Meanwhile wifi alone lost ${lostOf(alone[0])} and lte alone ${lostOf(alone[1])}.`);
  say(
    `Of what the laptop received, ${first('wlan0')} packets came first over wifi; ` +
      `${first('wwan0')} were saved by the second path.`,
  );
  say(
    `The download moved ${(bytes / 1e6).toFixed(0)} MB, ${corrupt ? 'NOT as they were sent' : 'every byte as it was sent'}; ` +
      `its longest stall was ${stallMs} ms.`,
  );
  if (corrupt) process.exitCode = 1;
}

function tableOf(acts: readonly Act[]): string {
  const table = new Table({
    head: ['', 'tunnel: lost', 'longest gap', 'wifi alone', 'lte alone', 'download', 'longest stall'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { title, tunnel, alone, mbits, stallMs } of acts) {
    const cells = [
      `${tunnel.lost.length} of ${tunnel.sent}`,
      `${tunnel.longestGapMs} ms`,
      ...alone.map(lostOf),
    ];
    table.push([title, ...cells, `${mbits.toFixed(0)} Mbit/s`, `${stallMs} ms`]);
  }
  return table.toString();
}

function lostOf({ lost, sent }: PingReport): string {
  return lost.length === sent ? 'all' : String(lost.length);
}

await main();
