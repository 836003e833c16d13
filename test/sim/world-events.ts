/** Carries out the timed events of a scenario, and keeps the progress watches told of what is good in the world. */
import type { EventQueue } from './clock.ts';
import type { ClientHost } from './host/client-host.ts';
import type { Host } from './host/host.ts';
import type { ServerHost } from './host/server-host.ts';
import type { Access } from './net/access.ts';
import type { Link } from './net/link.ts';
import type { TimedEvent, WorldEvent } from './scenario.ts';
import type { Trace } from './trace.ts';
import type { ProgressWatch } from './watch/progress-watch.ts';

/** From a change of an interface to the daemon's reaction. */
const NETLINK_MS = 20;
/** The daemon compares its clocks once a second, and takes a process that stood still for so long for one that slept. */
const LOOK_MS = 1_000;
const STOOD_STILL_MS = 3_000;

/** A link on which progress is promised. */
const GOOD = { loss: 0.2, mtuBytes: 1_280, delayMs: 1_000, kilobitsPerSecond: 2_000 } as const;

/** What becomes of every link in the end; delay, pace and size stay. */
const WELL = { blackhole: false, loss: 0, burst: null, duplicate: 0, reorder: 0 } as const;

export class WorldEvents {
  private readonly upMs = new Map<Host, number>();
  private serverForgot = false;

  constructor(
    private readonly queue: EventQueue,
    private readonly trace: Trace,
    private readonly server: ServerHost,
    private readonly clients: readonly ClientHost[],
    private readonly progress: readonly ProgressWatch[],
  ) {}

  schedule(events: readonly TimedEvent[]): void {
    for (const event of events) this.queue.at(event.atMs, () => this.happen(event));
    // Clients start in moments of their own.
    this.look();
  }

  /** Every machine runs and every link is good. */
  heal(): void {
    this.trace.note(this.queue.nowMs, 'world', 'is well again');
    for (const [place, { accesses, core }] of this.clients.entries()) {
      for (const [link, access] of accesses.entries()) {
        for (const direction of [access.up, access.down]) change(direction, WELL);
        if (!access.isPresent) this.switchInterface(place, link, true);
      }
      this.clients[place].liftBudgets();
      if (core === null) this.startLater(this.clients[place], 0);
    }
    if (this.server.core === null) this.startLater(this.server, 0);
    for (const host of [this.server, ...this.clients]) host.wake();
    this.disturb(-1);
    this.judge();
  }

  private happen(event: WorldEvent): void {
    this.trace.note(this.queue.nowMs, 'world', JSON.stringify(event));
    this.act(event);
    this.disturb('client' in event ? event.client : -1);
    this.judge();
  }

  private act(event: WorldEvent): void {
    switch (event.kind) {
      case 'link': {
        const access = this.access(event.client, event.link);
        if (event.direction !== 'down') change(access.up, event.change);
        if (event.direction !== 'up') change(access.down, event.change);
        break;
      }
      case 'interface':
        this.switchInterface(event.client, event.link, event.present);
        break;
      case 'address':
        this.access(event.client, event.link).changeAddress();
        this.later(NETLINK_MS, event.client, () => this.clients[event.client].wakeup(event.link));
        break;
      case 'nat':
        this.disturbNat(event);
        break;
      case 'server-restart':
        this.restartServer(event);
        break;
      case 'client-restart': {
        this.clients[event.client].stop(event.goodbye);
        this.startLater(this.clients[event.client], event.downMs);
        break;
      }
      case 'sleep':
        this.host(event.client).sleep();
        this.later(event.forMs, event.client, () => this.host(event.client).wake());
        this.noticeStandstill(event.client, event.forMs);
        break;
      case 'freeze':
        this.host(event.client).freeze(event.forMs);
        this.later(event.forMs, event.client, () => {});
        if (event.forMs >= STOOD_STILL_MS) this.noticeStandstill(event.client, event.forMs);
        break;
      case 'policy':
        this.clients[event.client].setPolicy(event.policy, event.rules ?? []);
        break;
      case 'wishes':
        this.clients[event.client].setWishes(event.link, event.wishes);
        break;
      case 'clock':
        this.host(event.client).jump(event.monotonicMs, event.wallMs);
        break;
    }
  }

  private switchInterface(client: number, link: number, present: boolean): void {
    const access = this.access(client, link);
    access.isPresent = present;
    if (present) access.changeAddress();
    this.later(NETLINK_MS, client, () => {
      if (access.isPresent) this.clients[client].openPath(link);
      else this.clients[client].closePath(link);
    });
  }

  private disturbNat(event: Extract<WorldEvent, { kind: 'nat' }>): void {
    const access = this.access(event.client, event.link);
    if (event.action === 'forget') access.nat?.forget();
    else access.rebootNat(event.downMs);
    this.later(event.downMs, event.client, () => {});
  }

  /** A client's daemon sees that time is missing. */
  private noticeStandstill(client: number, forMs: number): void {
    if (client >= 0) this.later(forMs + (forMs % LOOK_MS), client, () => this.clients[client].wakeup());
  }

  private restartServer(event: Extract<WorldEvent, { kind: 'server-restart' }>): void {
    const { server } = this;
    server.stop(event.goodbye);
    if (!event.keepsState) {
      server.forgetEverything();
      this.serverForgot = true;
    }
    this.startLater(server, event.downMs);
  }

  /** Of several reasons to be down the longest counts. */
  private startLater(host: ClientHost | ServerHost, downMs: number): void {
    const upMs = Math.max(this.upMs.get(host) ?? 0, this.queue.nowMs + downMs);
    this.upMs.set(host, upMs);
    this.later(downMs, host.place, () => {
      if (this.queue.nowMs < upMs || host.core !== null) return;
      host.clock.reboot();
      host.start();
      if (host !== this.server || !this.serverForgot) return;
      this.serverForgot = false;
      for (const client of this.clients) client.readmit();
    });
  }

  /** The second half of an event. */
  private later(ms: number, client: number, run: () => void): void {
    this.queue.after(ms, () => {
      run();
      this.disturb(client);
      this.judge();
    });
  }

  private host(client: number): Host {
    return client < 0 ? this.server : this.clients[client];
  }

  private access(client: number, link: number): Access {
    return this.clients[client].accesses[link];
  }

  private disturb(client: number): void {
    const now = this.queue.nowMs;
    this.server.busy.disturb(now);
    for (let i = 0; i < this.clients.length; i++) {
      if (client >= 0 && client !== i) continue;
      this.clients[i].busy.disturb(now);
      this.progress[i].disturb(now);
    }
  }

  /** Clients come up in moments of their own. */
  private look(): void {
    this.judge();
    for (const progress of this.progress) progress.check(this.queue.nowMs);
    this.queue.after(1_000, () => this.look());
  }

  private judge(): void {
    for (let i = 0; i < this.clients.length; i++) {
      const client = this.clients[i];
      const isUp = client.isRunning && this.server.isRunning;
      this.progress[i].setGood(isUp && client.accesses.some(isGood), this.queue.nowMs);
    }
  }
}

function change(link: Link, settings: Partial<Link['settings']>): void {
  link.settings = { ...link.settings, ...settings };
}

/** A budget may be used up at any time. */
function isGood(access: Access): boolean {
  if (access.settings.wishes?.budgetBytes !== undefined) return false;
  const isUp = access.isPresent && (access.nat?.isUp ?? true);
  return isUp && [access.up.settings, access.down.settings].every(isGoodDirection);
}

function isGoodDirection(settings: Link['settings']): boolean {
  const { blackhole, burst, loss, mtuBytes, delayMs, jitterMs, kilobitsPerSecond } = settings;
  const isFast = kilobitsPerSecond === 0 || kilobitsPerSecond >= GOOD.kilobitsPerSecond;
  const isSound = !blackhole && burst === null && loss <= GOOD.loss && mtuBytes >= GOOD.mtuBytes;
  return isSound && isFast && delayMs + jitterMs <= GOOD.delayMs;
}
