/**
 * The train ride: a session, a download and a hundred pings a second run through the tunnel from start to end, while
 * things happen to the links. What is told afterwards was measured from outside.
 */
import { Capture } from '../lab/capture.ts';
import { Lab } from '../lab/lab.ts';
import { WEB_ADDRESS } from '../lab/plan.ts';
import { pause, waitFor } from '../lab/process.ts';
import { Download, type DownloadReport } from '../lab/traffic/download.ts';
import { type Pinger, startPing } from '../lab/traffic/ping.ts';
import type { PingReport } from '../lab/traffic/ping-log.ts';
import { Terminal, type TerminalReport } from '../lab/traffic/terminal.ts';
import type { Vpn } from '../lab/vpn.ts';
import { type Darkness, LinkHealth } from './darkness.ts';
import type { Act, Incident, LinkName, Step } from './script.ts';

const MBIT = 1e6;
/** There and back, without queues. */
export const RTT_MS: Readonly<Record<LinkName, number>> = { wifi: 20, lte: 60 };
const RATE_BITS_PER_SECOND = 20 * MBIT;
/** Below what a link takes: a full queue would lose pings, too, and be nobody's fault. */
const DOWNLOAD_BYTES_PER_SECOND = 1_000_000;
/** More than any ride takes. */
const DOWNLOAD_BYTES = 3_000_000_000;
/** A request sent so long before the last link went may have had its answer under way. */
const UNDER_WAY_MS = 150;
/** After a shorter darkness an answer may be one that was past the router when the link went. */
const SHORT_DARKNESS_MS = 500;
const CATCH_UP_MS = 30_000;

export interface ActReport {
  readonly title: string;
  readonly pings: PingReport;
  readonly terminal: TerminalReport;
  readonly download: DownloadReport;
}

/** How the tunnel came back after a darkness; times since the first link worked again. */
export interface Recovery extends Darkness {
  /** The first inner packet of the client came out of the server's tunnel. */
  readonly firstPacketMs: number;
  /** The first ping was answered. */
  readonly firstAnswerMs: number;
}

export interface RideReport {
  readonly acts: readonly ActReport[];
  readonly recoveries: readonly Recovery[];
  readonly pings: PingReport;
  /** Pings lost although a link was healthy when they were sent, as seconds since the ride began. */
  readonly lostWhileHealthy: readonly number[];
  /** At the end, when the session had its answers. */
  readonly terminal: TerminalReport;
  readonly download: DownloadReport;
}

export async function raiseRideLab(seed: number): Promise<Lab> {
  const link = (kind: LinkName) => ({
    kind,
    settings: { delayMs: RTT_MS[kind] / 2, rateBitsPerSecond: RATE_BITS_PER_SECOND },
  });
  return Lab.raise({ seed, links: [link('wifi'), link('lte')] });
}

/** Rides from the first act to the last; `say` hears what happens as it does. */
export async function ride(
  lab: Lab,
  vpn: Vpn,
  acts: readonly Act[],
  say: (line: string) => void,
): Promise<RideReport> {
  const { server } = await vpn.startPair();
  const { tunName } = await server.status();
  const arrivals = await Capture.start(lab, lab.server, tunName, 'icmp[icmptype] == icmp-echo');
  const traffic = await Traffic.start(lab);
  const conductor = new Conductor(lab, say);
  const reports: ActReport[] = [];
  for (const act of acts) reports.push(await conductor.play(act, traffic));
  await traffic.catchUp();
  const { terminal, download } = await traffic.stop();
  const { pinger } = traffic;
  const pings = await pinger.stop();
  const recoveries = conductor.health.darkness.map((dark) => recover(dark, pinger, arrivals));
  const lostWhileHealthy = lostOutside(recoveries, pings, pinger).map(
    (sequence) => Math.round(pinger.sentMs(sequence) - conductor.startMs) / 1000,
  );
  await arrivals.stop();
  return { acts: reports, recoveries, pings, lostWhileHealthy, terminal, download };
}

class Traffic {
  private constructor(
    readonly pinger: Pinger,
    readonly terminal: Terminal,
    readonly download: Download,
  ) {}

  static async start(lab: Lab): Promise<Traffic> {
    const { namespace } = lab.client;
    const pinger = startPing(namespace, WEB_ADDRESS);
    const terminal = await Terminal.start(lab, namespace);
    const rate = { bytesPerSecond: DOWNLOAD_BYTES_PER_SECOND };
    const download = await Download.start(lab, namespace, DOWNLOAD_BYTES, rate);
    await waitFor('pings', () => pinger.answers > 20);
    return new Traffic(pinger, terminal, download);
  }

  async lap() {
    const [terminal, download] = await Promise.all([this.terminal.lap(), this.download.lap()]);
    return { terminal, download };
  }

  /** Until both connections moved again: TCP may have grown patient in the dark. */
  async catchUp(): Promise<void> {
    const before = await this.lap();
    const moved = async () => {
      const now = await this.lap();
      const isThrough =
        now.terminal.answered >= before.terminal.typed && now.download.bytes > before.download.bytes;
      return isThrough || now.terminal.ended !== null || !this.download.isRunning;
    };
    await waitFor('session and download to go on', moved, CATCH_UP_MS);
  }

  async stop() {
    return { terminal: await this.terminal.stop(), download: await this.download.stop() };
  }
}

class Conductor {
  readonly health = new LinkHealth(['wifi', 'lte']);
  readonly startMs = Date.now();
  /** What a dead link died of. */
  readonly #died = new Map<LinkName, Incident>();

  constructor(
    private readonly lab: Lab,
    private readonly say: (line: string) => void,
  ) {}

  async play(act: Act, traffic: Traffic): Promise<ActReport> {
    const fromMs = Date.now();
    const waitUntil = (atMs: number) => pause(Math.max(0, fromMs + atMs - Date.now()));
    for (const atMs of new Set(act.steps.map((step) => step.atMs))) {
      await waitUntil(atMs);
      await this.#happen(act.steps.filter((step) => step.atMs === atMs));
    }
    await waitUntil(act.lengthMs);
    const untilMs = Date.now() - UNDER_WAY_MS;
    return {
      title: act.title,
      pings: traffic.pinger.reportOf(fromMs - UNDER_WAY_MS, untilMs),
      ...(await traffic.lap()),
    };
  }

  /** All at once. A link counts as dead from before it is touched, and as alive when the kernel has done its part. */
  async #happen(steps: readonly Step[]): Promise<void> {
    for (const { link, event } of steps) if (event !== 'back') this.health.handleDead(link, Date.now());
    await Promise.all(
      steps.map(async ({ link, event }) => {
        this.say(`${((Date.now() - this.startMs) / 1000).toFixed(1).padStart(6)} s  ${link} ${event}`);
        const isAlive = await this.#carryOut(link, event);
        if (isAlive) this.health.handleAlive(link, this.#died.get(link) === 'blackholed', Date.now());
        if (isAlive) this.#died.delete(link);
        else if (event !== 'back') this.#died.set(link, event);
      }),
    );
  }

  /** True when the link works afterwards. */
  async #carryOut(link: LinkName, event: Step['event']): Promise<boolean> {
    const access = this.lab.access(link);
    switch (event) {
      case 'unplugged':
        await access.unplug();
        return false;
      case 'switched off':
        await access.switchOff();
        return false;
      case 'blackholed':
        await this.lab.cut(link);
        return false;
      case 'renumbered':
        await access.renumber();
        return true;
      case 'another gateway':
        await access.regateway();
        return true;
      case 'NAT restarted':
        await access.restartNat();
        return true;
      case 'back':
        await this.#bringBack(link);
        return true;
    }
  }

  async #bringBack(link: LinkName): Promise<void> {
    const access = this.lab.access(link);
    const died = this.#died.get(link);
    if (died === 'unplugged') await access.plug();
    else if (died === 'switched off') await access.switchOn();
    else await this.lab.restore(link);
  }
}

function recover(dark: Darkness, pinger: Pinger, arrivals: Capture): Recovery {
  const { fromMs, untilMs } = dark;
  const isShort = untilMs - fromMs < SHORT_DARKNESS_MS;
  const firstAnswerMs = pinger.firstAnswerAfter(untilMs, isShort ? untilMs : undefined);
  const first = arrivals.records().find(({ atMs }) => atMs >= untilMs);
  return {
    ...dark,
    firstPacketMs: (first?.atMs ?? Number.POSITIVE_INFINITY) - untilMs,
    firstAnswerMs: (firstAnswerMs ?? Number.POSITIVE_INFINITY) - untilMs,
  };
}

function lostOutside(recoveries: readonly Recovery[], pings: PingReport, pinger: Pinger): number[] {
  const excused = new Set(
    recoveries.flatMap(
      ({ fromMs, untilMs, firstAnswerMs }) =>
        pinger.reportOf(fromMs - UNDER_WAY_MS, untilMs + firstAnswerMs).lost,
    ),
  );
  return pings.lost.filter((sequence) => !excused.has(sequence));
}
