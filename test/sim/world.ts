/** Builds the world of a scenario and runs it: machines, links, workload, events, observers. One seed decides everything. */
import { loadPrimitives } from '../../src/crypto/sodium.ts';
import { engineBatches } from '../../src/engine/engine.ts';
import { loadNative } from '../../src/native/native.ts';
import { Suite } from '../../src/proto/ports.ts';
import { deriveInviteId, deriveInvitePsk } from '../../src/proto/session/invite-keys.ts';
import { Attacker } from './attacker.ts';
import { Bulk } from './bulk.ts';
import { EventQueue } from './clock.ts';
import { ClientHost } from './host/client-host.ts';
import { WORLD_EPOCH_MS } from './host/host-clock.ts';
import { SERVER_ADDRESSES, ServerHost } from './host/server-host.ts';
import type { Surroundings } from './host/surroundings.ts';
import { Ledger } from './ledger.ts';
import { Access } from './net/access.ts';
import { Internet } from './net/internet.ts';
import { Random } from './random.ts';
import type { ClientPlan, FlowPlan, Scenario } from './scenario.ts';
import { StreamWorkload } from './streams/stream-workload.ts';
import { checkStreams, isCleared } from './streams/streams-watch.ts';
import { Trace } from './trace.ts';
import { BoundsWatch } from './watch/bounds-watch.ts';
import { KeyBook } from './watch/key-book.ts';
import { ProgressWatch } from './watch/progress-watch.ts';
import { SecretsWatch } from './watch/secrets-watch.ts';
import { watchSurplus } from './watch/surplus-watch.ts';
import { Violation } from './watch/violation.ts';
import { Workload } from './workload.ts';
import { WorldEvents } from './world-events.ts';

/** Observers that look at everything look this often. */
const PATROL_MS = 10_000;
/** For the slowest: paths asked for after an outage, limits and terminations said every half minute, 60 ms for each 5 bytes. */
const SETTLE_MS = 400_000;
/** What a machine says of itself is read in every sixth patrol. */
const LISTEN_EVERY = 6;

export interface Report {
  readonly offered: number;
  readonly delivered: number;
  readonly meanLatencyMs: number;
  /** Of the trace and of every byte on the wire. */
  readonly digest: string;
}

export class World {
  readonly queue = new EventQueue();
  readonly trace = new Trace();
  readonly ledger = new Ledger();
  readonly server: ServerHost;
  readonly clients: ClientHost[];
  private readonly internet = new Internet();
  private readonly bounds = new BoundsWatch();
  private readonly secrets: SecretsWatch;
  private patrols = 0;
  private readonly events: WorldEvents;
  private readonly streams: StreamWorkload;

  private constructor(
    readonly scenario: Scenario,
    primitives: Surroundings['primitives'],
    onLine: ((line: string) => void) | null,
  ) {
    this.trace.onLine = onLine;
    const random = new Random(scenario.seed);
    const keys = random.fork('keys');
    const surroundings: Surroundings = {
      queue: this.queue,
      internet: this.internet,
      native: loadNative(),
      primitives,
      networkKey: keys.bytes(32),
      book: new KeyBook(),
      ledger: this.ledger,
      trace: this.trace,
      batches: engineBatches(),
    };
    const { maxClients, leaseMs, mtuBytes, pool, hasAes } = scenario.server;
    const privateKey = keys.bytes(32);
    const both = [Suite.AES_256_GCM, Suite.CHACHA20_POLY1305];
    this.server = new ServerHost(surroundings, random.fork('server'), {
      privateKey,
      suites: hasAes ? both : [Suite.CHACHA20_POLY1305],
      maxClients,
      leaseMs,
      mtuBytes,
      pool,
      clock: { startMs: 5_000_000, wallOffsetMs: WORLD_EPOCH_MS },
    });
    this.secrets = new SecretsWatch([surroundings.networkKey, privateKey]);
    this.server.start();
    let links = 0;
    this.clients = scenario.clients.map((plan, place) => {
      const own = random.fork(`client${place}`);
      const accesses = plan.links.map(
        (settings, link) =>
          new Access(this.queue, own.fork(`link${link}`), this.internet, settings, links++, `client${place}`),
      );
      return this.makeClient(surroundings, own, plan, place, accesses);
    });
    this.ledger.holds = (place, address) =>
      this.clients[place]?.address === address || this.server.leaseholder(address) === `client${place}`;
    this.streams = new StreamWorkload(
      this.queue,
      this.trace,
      this.clients,
      this.server,
      scenario.streams ?? [],
    );
    this.events = this.observe(random);
  }

  /** `onLine` sees every line of the trace. */
  static async create(scenario: Scenario, onLine: ((line: string) => void) | null = null): Promise<World> {
    return new World(scenario, await loadPrimitives(), onLine);
  }

  private makeClient(
    surroundings: Surroundings,
    random: Random,
    plan: ClientPlan,
    place: number,
    accesses: readonly Access[],
  ): ClientHost {
    const privateKey = random.bytes(32);
    const secret = random.bytes(32);
    const { primitives } = surroundings;
    const psk = deriveInvitePsk(primitives, secret);
    const id = deriveInviteId(primitives, secret);
    const { hasAes, invites } = this.scenario.server;
    this.secrets.add(privateKey, secret, psk);
    const client = new ClientHost(place, surroundings, random, accesses, {
      privateKey,
      serverPublicKey: this.server.publicKey,
      psk,
      inviteId: invites ? id : null,
      servers: SERVER_ADDRESSES,
      suites: hasAes ? [Suite.AES_256_GCM, Suite.CHACHA20_POLY1305] : [Suite.CHACHA20_POLY1305],
      wantedAddress: plan.wantedAddress,
      policy: plan.policy ?? 'redundant',
      rules: plan.rules ?? [],
      keepsCount: this.scenario.attacker === null,
      clock: { startMs: plan.clockMs, wallOffsetMs: WORLD_EPOCH_MS + plan.wallOffsetMs },
    });
    if (invites) this.server.invite(id, client.name, psk);
    else this.server.admit(client.publicKey, client.name, psk);
    this.queue.at(plan.startMs, () => {
      if (client.core === null) client.start();
    });
    client.readmit = () => this.server.admit(client.publicKey, client.name, psk);
    return client;
  }

  private observe(random: Random): WorldEvents {
    const { scenario, queue, server, clients } = this;
    const progress = clients.map((client) => new ProgressWatch(client.name));
    const events = new WorldEvents(queue, this.trace, server, clients, progress);
    events.schedule(scenario.events);
    const workload = new Workload(queue, random.fork('workload'), this.ledger, clients, server);
    const limit = scenario.server.mtuBytes;
    // Above the tunnel's MTU nothing is promised.
    workload.onOffered = (packet, flow: FlowPlan) => {
      server.busy.disturb(queue.nowMs);
      clients[flow.client].busy.disturb(queue.nowMs);
      if (flow.kind === 'peer') clients[flow.peer].busy.disturb(queue.nowMs);
      else if ((flow.kind === 'up' || flow.kind === 'down') && packet.length <= limit)
        progress[flow.client].noteOffered(packet, flow.kind);
    };
    const bulk = (scenario.bulk ?? []).map(
      (plan) => new Bulk(plan, queue, this.ledger, clients[plan.client], server),
    );
    server.onDelivered = (packet) => {
      progress[packet.from].noteDelivered(packet, 'up');
      for (const flow of bulk) flow.noteDelivered(packet);
    };
    for (const client of clients)
      client.onDelivered = (packet) => {
        progress[client.place].noteDelivered(packet, 'down');
        for (const flow of bulk) flow.noteDelivered(packet);
      };
    for (const client of clients) client.onAssigned = () => progress[client.place].noteAssigned();
    for (const flow of scenario.flows) workload.start(flow);
    for (const limit of scenario.expect.surplus ?? [])
      watchSurplus(queue, server, clients[limit.client], limit);
    this.internet.onReached = (to, owner) => server.amplification.noteReached(to, owner, queue.nowMs);
    if (scenario.attacker !== null)
      new Attacker(queue, random.fork('attacker'), this.internet, scenario.attacker, SERVER_ADDRESSES);
    this.patrol();
    return events;
  }

  private patrol(): void {
    const listens = this.patrols++ % LISTEN_EVERY === 0;
    for (const host of [this.server, ...this.clients]) {
      if (host.core === null) continue;
      this.bounds.check(host.name, host.core);
      checkStreams(host.name, host.core);
      if (listens) this.secrets.check(host.name, JSON.stringify(host.core.snapshot(host.clock.nowMs)));
    }
    this.queue.after(PATROL_MS, () => this.patrol());
  }

  /** Runs until `endMs` (at most the scenario's end); throws a Violation where an invariant breaks. */
  run(endMs = this.scenario.durationMs): void {
    const until = Math.min(endMs, this.scenario.durationMs);
    while (this.queue.step(until));
  }

  /** With everything well again, all who use a stream come to know how it went, and nothing is left of it. */
  private settleStreams(): void {
    if ((this.scenario.streams ?? []).length === 0) return;
    const isOver = () =>
      this.streams.isSettled &&
      [this.server, ...this.clients].every(({ core }) => core === null || isCleared(core));
    if (isOver()) return;
    this.events.heal();
    this.streams.hurry();
    const untilMs = this.queue.nowMs + SETTLE_MS;
    while (!isOver() && this.queue.step(untilMs));
    if (!isOver())
      throw new Violation('stream-settles', this.streams.unsettled.join('; ') || 'there is something left');
  }

  /** Ends the run: what can only be said of the whole, and the numbers. */
  finish(): Report {
    this.settleStreams();
    this.secrets.check('trace', this.trace.tail(Number.MAX_SAFE_INTEGER).join('\n'));
    const { offered, delivered, latencySumMs } = this.ledger;
    const fraction = offered === 0 ? 1 : delivered / offered;
    if (fraction < this.scenario.expect.delivered)
      throw new Violation('delivered-enough', `${delivered} of ${offered}`);
    this.checkOrder();
    if (this.scenario.expect.sameAddress)
      for (const { name, addresses } of this.clients)
        if (addresses.size !== 1) throw new Violation('same-address', `${name} had ${addresses.size}`);
    return {
      offered,
      delivered,
      meanLatencyMs: delivered === 0 ? 0 : latencySumMs / delivered,
      digest: this.trace.digest(),
    };
  }

  private checkOrder(): void {
    const orders = [this.server, ...this.clients].map(({ order }) => order);
    const handedOn = orders.reduce((sum, order) => sum + order.handedOn, 0);
    const behind = orders.reduce((sum, order) => sum + order.behind, 0);
    if (behind > handedOn * (this.scenario.expect.behind ?? 1))
      throw new Violation('in-order-enough', `${behind} of ${handedOn} came out behind a later one`);
  }

  /** Ends every process: keys and tables of the addon go. */
  close(): void {
    for (const host of [this.server, ...this.clients]) host.stop(false);
  }
}
