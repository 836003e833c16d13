/**
 * One machine: the engine of production (`src/engine/`) with the core inside, and around it a clock, a TUN device and sockets of
 * this world. It plays the main thread: commands go in, events come out. After every turn what came out is compared with
 * what the reference model says had to.
 */
import type { Engine } from '../../../src/engine/engine.ts';
import type { EngineCommand, EngineEvent } from '../../../src/engine/messages.ts';
import type { Parts, Role } from '../../../src/engine/role.ts';
import type { CoreBase } from '../../../src/proto/core-base.ts';
import { PathTable } from '../../../src/proto/packet-batch.ts';
import { findPolicy, type Policy } from '../../../src/proto/policy/policy.ts';
import type { Suite } from '../../../src/proto/ports.ts';
import { NetworkLayer } from '../../../src/proto/session/network-layer.ts';
import type { Stream } from '../../../src/proto/stream/stream.ts';
import type { UdpOptions } from '../../../src/udp/udp.ts';
import type { InnerPacket, Place } from '../ledger.ts';
import type { Datagram, Sealed } from '../net/datagram.ts';
import type { Random } from '../random.ts';
import { BusyWatch } from '../watch/busy-watch.ts';
import type { KeyRecord } from '../watch/key-book.ts';
import { OrderWatch } from '../watch/order-watch.ts';
import { ReceiverModel } from '../watch/receiver-model.ts';
import { type Facts, lastHeardMs, Step } from '../watch/step.ts';
import { Violation } from '../watch/violation.ts';
import { HostClock } from './host-clock.ts';
import { SimTun, type TunObserver } from './sim-tun.ts';
import { type Outlet, SimUdp, type SocketOwner } from './sim-udp.ts';
import type { Surroundings } from './surroundings.ts';
import { WatchedSealer } from './watched-sealer.ts';

/** PROTOCOL.md §6 holds packets for 10 s; timers come a little late. */
const HELD_MAX_MS = 10_100;
/** With more peers than this, what means looking at each of them is looked at in every 64th turn. */
const CROWD = 16;
const CROWD_EVERY = 64;

/** What a process consists of. */
export interface Running {
  readonly role: Role;
  readonly engine: Engine;
  readonly core: CoreBase;
  readonly sealer: WatchedSealer;
  readonly paths: PathTable;
  readonly tun: SimTun;
  readonly udp: SimUdp;
}

/** How large the tables of a process are. */
export interface Tables {
  readonly peers: number;
  readonly sessions: number;
}

export abstract class Host implements SocketOwner, TunObserver {
  readonly clock: HostClock;
  readonly model = new ReceiverModel();
  readonly order: OrderWatch;
  readonly busy: BusyWatch;
  /** Null while the process does not run. */
  protected running: Running | null = null;
  private readonly facts: Facts = {
    mayComeFrom: (packet) => this.mayComeFrom(packet),
    isOpen: (key) => this.isOpen(key),
  };
  private step: Step | null = null;
  private turns = 0;
  /** The clock of this machine stood still or leapt: what is older has an age of its own. */
  private pausedMs = 0;

  constructor(
    readonly place: Place,
    readonly name: string,
    protected readonly world: Surroundings,
    protected readonly random: Random,
    clock: { startMs: number; wallOffsetMs: number },
    private readonly peers: number,
  ) {
    this.clock = new HostClock(world.queue, clock.startMs, clock.wallOffsetMs);
    this.clock.onTimer = (run) => {
      this.busy.note(world.queue.nowMs);
      this.turn(run);
    };
    this.busy = new BusyWatch(name, peers);
    this.order = new OrderWatch(name);
  }

  get isRunning(): boolean {
    return this.running !== null && !this.clock.sleeps;
  }

  get core(): CoreBase | null {
    return this.running?.core ?? null;
  }

  // The process

  /** Builds the parts as `openParts` does and starts the role with them. */
  protected boot(tables: Tables, suites: readonly Suite[], policyName: string): void {
    const { world, clock } = this;
    const network = new NetworkLayer(world.primitives, world.networkKey);
    const paths = new PathTable(tables.peers);
    const sealer = new WatchedSealer({
      owner: this.name,
      native: world.native,
      maskKey: network.maskKey,
      slots: tables.sessions,
      suites,
      book: world.book,
      onInstalled: (key) => this.model.handleInstalled(key, clock.nowMs),
      onSealed: (sealed) => this.handleSealed(sealed),
    });
    const { queue, trace, batches, primitives } = world;
    const tun = new SimTun(this);
    const udp = new SimUdp({ owner: this, queue, random: this.random, trace, sealer, paths });
    const random = (count: number) => this.random.bytes(count);
    const policy = findPolicy(policyName) as Policy;
    const onStreamNews = (streams: readonly Stream[]) => this.onStreamNews(streams);
    const parts = {
      clock,
      batches,
      primitives,
      network,
      sealer,
      paths,
      udp,
      tun,
      random,
      policy,
      onStreamNews,
    };
    this.running = { ...this.startRole(parts), sealer, paths, tun, udp };
  }

  /** Streams with news that nobody has looked at yet. */
  readonly streamNews: Stream[] = [];

  /** What takes and gives the bytes of streams. */
  onStreamNews: (streams: readonly Stream[]) => void = (streams) => void this.streamNews.push(...streams);

  protected abstract startRole(parts: Parts): Pick<Running, 'role' | 'core' | 'engine'>;

  /** The process ends, with or without a goodbye; one that is frozen can be killed only. */
  stop(goodbye: boolean): void {
    const { running } = this;
    if (running === null) return;
    if (goodbye && !this.clock.isFrozen) this.post({ kind: 'stop' });
    else {
      running.udp.closeAll();
      running.sealer.close();
    }
    this.running = null;
    this.model.clear();
    this.order.clear();
    this.clock.clearTimers();
  }

  /** A command of the main thread. */
  post(command: EngineCommand): void {
    this.turn(() => this.running?.role.handle(command));
  }

  protected readonly emit = (event: EngineEvent): void => {
    // What main has to keep of a client holds its secret.
    const text = JSON.stringify(event, (key, value) => (key === 'psk' ? undefined : value));
    this.world.trace.note(this.world.queue.nowMs, this.name, text);
    // What waits for its turn belongs to a session.
    if (event.kind === 'session' || event.kind === 'client') this.order.excuse();
    this.handleEvent(event);
  };

  protected abstract handleEvent(event: EngineEvent): void;

  // The TUN device

  /** The machine's own traffic. */
  offer(packets: readonly InnerPacket[]): void {
    if (!this.isRunning) return;
    this.running?.tun.push(packets);
    this.readTun();
  }

  private readTun(): void {
    for (;;) {
      const readable = this.clock.isFrozen ? null : (this.running?.tun.readable ?? null);
      if (readable === null) return;
      this.turn(readable);
    }
  }

  handleRead(packets: readonly InnerPacket[]): void {
    this.step?.offered.push(...packets);
  }

  handleWritten(bytes: Uint8Array, at: number, length: number): void {
    const { ledger, queue } = this.world;
    const packet = ledger.deliver(bytes, at, length, this.place, queue.nowMs);
    this.step?.delivered.add(packet.id);
    this.handleDelivered(packet);
  }

  protected handleDelivered(_packet: InnerPacket): void {}

  // The sockets

  abstract bind(options: UdpOptions, receive: (datagram: Datagram) => void): Outlet;

  handleArrived({ sealed, isForged }: Datagram): void {
    const { step } = this;
    if (step === null) return;
    step.hasArrivals = true;
    // A handshake message that nobody touched may be one.
    if (sealed === null) step.hasGenuine ||= !isForged;
    else if (this.isOpen(sealed.key))
      step.expect(this.model, sealed, this.world.ledger, this.facts, this.clock.nowMs);
  }

  private handleSealed(sealed: Sealed): void {
    this.step?.noteSealed(sealed);
    for (const { id } of sealed.pieces) if (id >= 0) this.checkAge(id);
  }

  /** What was held too long is not wanted any more: it must not leave. */
  private checkAge(id: number): void {
    const packet = this.world.ledger.find(id);
    if (packet === undefined || packet.from !== this.place || packet.offeredMs < this.pausedMs) return;
    const ageMs = this.world.queue.nowMs - packet.offeredMs;
    if (ageMs > HELD_MAX_MS)
      throw new Violation('none-stale', `${this.name} sends packet ${id} after ${ageMs} ms`);
  }

  /** A session with this key is in use here. */
  private isOpen(key: KeyRecord): boolean {
    const slot = this.running?.sealer.slotOf(key) ?? -1;
    return slot >= 0 && this.core?.['context'].sessions.atSlot(slot) !== null;
  }

  // The loop

  /** One turn of the event loop: a callback or a command, and what the engine makes of it. */
  turn(run: () => void): void {
    const { core } = this;
    if (core === null) return;
    const looksInside = this.peers <= CROWD || this.turns++ % CROWD_EVERY === 0;
    const step = new Step(this.name, core, this.place, this.order, this.world.queue.nowMs, looksInside);
    const heardMs = looksInside ? lastHeardMs(core) : 0;
    this.step = step;
    run();
    this.step = null;
    if (looksInside && step.hasArrivals && !step.hasGenuine && lastHeardMs(core) > heardMs)
      throw new Violation(
        'alive-by-authentic-only',
        `${this.name} heard something in forged datagrams or copies`,
      );
    step.finish(this.world.ledger, this.facts);
    if (looksInside) this.inspect();
  }

  /** What else has to hold after a turn. */
  protected abstract inspect(): void;
  /** False where the sender does not lease the packet's source address as this end knows it. */
  protected mayComeFrom(_packet: InnerPacket): boolean {
    return true;
  }

  /** For tests that reach into the core: the engine then sends what came of it. */
  run(input: (core: CoreBase) => void): void {
    const { running } = this;
    if (running === null) return;
    this.turn(() => {
      input(running.core);
      running.engine.drain();
    });
  }

  // The machine

  sleep(): void {
    this.clock.sleep();
    this.running?.udp.clear();
  }

  wake(): void {
    // It may be frozen as well.
    this.pausedMs = Math.max(this.pausedMs, this.world.queue.nowMs);
    this.order.excuse();
    this.clock.wake();
  }

  /** The process is stopped (SIGSTOP, a paused guest): time goes on, sockets and TUN fill up. */
  freeze(forMs: number): void {
    this.clock.freeze(forMs);
    this.pausedMs = this.clock.frozenUntilMs;
    this.handleLeap(forMs);
    this.world.queue.at(this.pausedMs, () => this.readTun());
  }

  jump(monotonicMs: number, wallMs: number): void {
    this.pausedMs = Math.max(this.pausedMs, this.world.queue.nowMs);
    this.handleLeap(monotonicMs);
    this.clock.jump(monotonicMs, wallMs);
  }

  /** What waited when the clock leapt did not wait for so long. */
  private handleLeap(leapMs: number): void {
    this.order.excuse();
    this.model.handleLeap(leapMs);
  }
}
