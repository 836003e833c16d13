/**
 * One machine with one core: sockets, TUN and timer around it, in the order of `src/engine/engine.ts`. After every step what
 * came out is compared with what the reference model says had to.
 */
import type { CoreBase } from '../../../src/proto/core-base.ts';
import type { CoreEvent } from '../../../src/proto/events.ts';
import {
  ADDRESS_WORDS,
  PATH_ADDRESS,
  PATH_ERRNO,
  PATH_FAILED,
  PATH_SENT,
  PATH_SENT_BYTES,
  PATH_SOCKET,
  PATH_WORDS,
  PATHS_PER_PEER,
  type PacketBatch,
  type PathTable,
  Verdict,
} from '../../../src/proto/packet-batch.ts';
import { HostClock, onGrid } from '../clock.ts';
import { writeInnerPacket } from '../inner-packet.ts';
import type { InnerPacket, Place } from '../ledger.ts';
import { type Address, readWords, writeWords } from '../net/address.ts';
import type { Datagram, Outgoing, Sealed } from '../net/datagram.ts';
import type { Random } from '../random.ts';
import { BusyWatch } from '../watch/busy-watch.ts';
import type { KeyRecord } from '../watch/key-book.ts';
import { ReceiverModel } from '../watch/receiver-model.ts';
import { associationsOf, type Facts, Step } from '../watch/step.ts';
import { Violation } from '../watch/violation.ts';
import type { Surroundings } from './surroundings.ts';
import type { WatchedSealer } from './watched-sealer.ts';

/** From a datagram in the socket to the engine reading it: what comes within it is one batch. */
const WAKE_MAX_MS = 1;
/** Datagrams that a socket buffer holds; the rest is lost. */
const SOCKET_DATAGRAMS = 4_096;

/** PROTOCOL.md §6 holds packets for 10 s; timers come a little late. */
const HELD_MAX_MS = 10_100;
/** With more peers than this, what means looking at each of them is looked at in every 64th step. */
const CROWD = 16;
const CROWD_EVERY = 64;

export interface Running {
  readonly core: CoreBase;
  readonly sealer: WatchedSealer;
  readonly paths: PathTable;
}

export abstract class Host {
  readonly clock: HostClock;
  readonly model = new ReceiverModel();
  readonly busy: BusyWatch;
  /** Null while the process does not run. */
  protected running: Running | null = null;
  private readonly facts: Facts = {
    mayComeFrom: (packet) => this.mayComeFrom(packet),
    isOpen: (key) => this.isOpen(key),
  };
  private step: Step | null = null;
  private timerMs = Number.POSITIVE_INFINITY;
  private timerGeneration = 0;
  private steps = 0;
  private frozenUntilMs = 0;
  private readonly waitingOffers: (readonly InnerPacket[])[] = [];
  /** The clock of this machine stood still or leapt: what is older has an age of its own. */
  private pausedMs = 0;
  private readonly inboxes = new Map<number, Datagram[]>();
  private readonly local = new Map<number, Address>();

  constructor(
    readonly place: Place,
    readonly name: string,
    protected readonly world: Surroundings,
    protected readonly random: Random,
    clock: { startMs: number; wallOffsetMs: number },
    private readonly peers: number,
  ) {
    this.clock = new HostClock(world.queue, clock.startMs, clock.wallOffsetMs);
    this.busy = new BusyWatch(name, peers);
  }

  get isRunning(): boolean {
    return this.running !== null && !this.clock.sleeps;
  }

  get core(): CoreBase | null {
    return this.running?.core ?? null;
  }

  // The TUN device

  /** The machine's own traffic. Lengths below an IP header are noise that no core may choke on. */
  offer(packets: readonly InnerPacket[]): void {
    const { running } = this;
    if (running === null || this.clock.sleeps) return;
    if (this.isFrozen) {
      this.waitingOffers.push(packets);
      return;
    }
    const batch = this.world.tunBatch;
    batch.clear();
    for (const packet of packets) {
      const row = batch.append(packet.length);
      if (row >= 0)
        writeInnerPacket(batch.arena, batch.offset[row], packet.length, packet.id, packet.addresses);
    }
    this.run((core, step) => {
      step.offered = packets;
      core.handleTunPackets(batch, this.clock.nowMs);
      this.seal(batch);
      this.send(batch);
      batch.clear();
    });
  }

  private deliver(batch: PacketBatch): void {
    const { ledger, queue } = this.world;
    for (let row = 0; row < batch.count; row++) {
      if (batch.verdict[row] !== Verdict.DELIVER) continue;
      const { arena, offset, length } = batch;
      const packet = ledger.deliver(arena, offset[row], length[row], this.place, queue.nowMs);
      this.step?.delivered.add(packet.id);
      this.handleDelivered(packet);
    }
  }

  // The sockets

  protected addSocket(socket: number, local: Address): void {
    this.inboxes.set(socket, []);
    this.local.set(socket, local);
  }

  protected removeSocket(socket: number): void {
    this.inboxes.delete(socket);
    this.local.delete(socket);
  }

  protected receive(socket: number, datagram: Datagram): void {
    const inbox = this.inboxes.get(socket);
    // A machine that sleeps has switched its radio off.
    if (inbox === undefined || this.clock.sleeps || inbox.length >= SOCKET_DATAGRAMS) return;
    inbox.push(datagram);
    if (inbox.length > 1) return;
    this.world.queue.after(this.random.fraction() * WAKE_MAX_MS, () => this.readSocket(socket, inbox));
  }

  private readSocket(socket: number, inbox: Datagram[]): void {
    if (this.inboxes.get(socket) !== inbox || this.clock.sleeps) {
      inbox.length = 0;
      return;
    }
    if (this.isFrozen) {
      this.world.queue.at(this.frozenUntilMs, () => this.readSocket(socket, inbox));
      return;
    }
    while (inbox.length > 0 && this.running !== null)
      this.run((core, step) => this.read(core, step, socket, inbox));
  }

  private read(core: CoreBase, step: Step, socket: number, inbox: Datagram[]): void {
    const { sealer } = this.running as Running;
    const batch = this.world.wireBatch;
    batch.clear();
    const now = this.clock.nowMs;
    this.fill(batch, socket, inbox, step, now);
    const heardMs = step.looksInside ? lastHeardMs(core) : 0;
    sealer.unmask(batch);
    if (core.handleDatagrams(batch, now) > 0) {
      sealer.open(batch);
      while (core.handleOpened(batch, now)) sealer.open(batch);
      this.deliver(batch);
    }
    batch.clear();
    if (step.looksInside && !step.hasGenuine && lastHeardMs(core) > heardMs)
      throw new Violation(
        'alive-by-authentic-only',
        `${this.name} heard something in forged datagrams or copies`,
      );
  }

  /** As UDP_GRO does: neighbours from one address are one train. */
  private fill(batch: PacketBatch, socket: number, inbox: Datagram[], step: Step, now: number): void {
    let taken = 0;
    let last: Datagram | null = null;
    for (; taken < inbox.length && batch.count < batch.capacity; taken++) {
      const datagram = inbox[taken];
      const isNewTrain = last === null || last.from !== datagram.from;
      if (isNewTrain && batch.trainCount === batch.trains) break;
      const row = batch.append(datagram.bytes.length);
      if (row < 0) break;
      if (isNewTrain) this.addTrain(batch, socket, datagram.from);
      batch.arena.set(datagram.bytes, batch.offset[row]);
      batch.train[row] = batch.trainCount - 1;
      batch.verdict[row] = Verdict.RECEIVED;
      last = datagram;
      this.handleArrived(datagram);
      this.expect(datagram, step, now);
    }
    inbox.splice(0, taken);
  }

  private expect({ sealed, isForged }: Datagram, step: Step, now: number): void {
    // A handshake message that nobody touched may be one.
    if (sealed === null) step.hasGenuine ||= !isForged;
    else if (this.isOpen(sealed.key)) step.expect(this.model, sealed, this.world.ledger, this.facts, now);
  }

  private addTrain(batch: PacketBatch, socket: number, from: Address): void {
    const train = batch.trainCount++;
    batch.trainSocket[train] = socket;
    writeWords(from, this.local.get(socket) as Address, batch.trainAddress, train * ADDRESS_WORDS);
  }

  private seal(batch: PacketBatch): void {
    const { sealer } = this.running as Running;
    sealer.seal(batch);
    for (let row = 0; row < batch.count; row++) {
      const sealed = sealer.sealed[row];
      if (sealed === null) continue;
      this.step?.noteSealed(sealed);
      for (const { id } of sealed.pieces) if (id >= 0) this.checkAge(id);
    }
  }

  /** What was held too long is not wanted any more: it must not leave. */
  private checkAge(id: number): void {
    const packet = this.world.ledger.find(id);
    if (packet === undefined || packet.from !== this.place || packet.offeredMs < this.pausedMs) return;
    const ageMs = this.world.queue.nowMs - packet.offeredMs;
    if (ageMs > HELD_MAX_MS)
      throw new Violation('none-stale', `${this.name} sends packet ${id} after ${ageMs} ms`);
  }

  private send(batch: PacketBatch): void {
    const { sealer, paths } = this.running as Running;
    for (let row = 0; row < batch.count; row++) {
      if (batch.verdict[row] !== Verdict.SEND) continue;
      const bytes = batch.arena.slice(batch.offset[row], batch.offset[row] + batch.length[row]);
      const sealed = sealer.sealed[row];
      const train = batch.train[row];
      if (train >= 0) {
        const to = readWords(batch.trainAddress, train * ADDRESS_WORDS);
        this.transmit(batch.trainSocket[train], to, bytes, sealed);
        continue;
      }
      for (let path = 0; path < PATHS_PER_PEER; path++)
        if (batch.pathMask[row] & (1 << path))
          this.sendOver(paths.words, (batch.peer[row] * PATHS_PER_PEER + path) * PATH_WORDS, bytes, sealed);
    }
  }

  private sendOver(words: Int32Array, at: number, bytes: Uint8Array, sealed: Sealed | null): void {
    const socket = words[at + PATH_SOCKET];
    if (socket < 0) return;
    const errno = this.transmit(socket, readWords(words, at + PATH_ADDRESS), bytes, sealed);
    words[at + PATH_ERRNO] = errno;
    words[at + (errno === 0 ? PATH_SENT : PATH_FAILED)]++;
    if (errno !== 0) return;
    const before = words[at + PATH_SENT_BYTES] >>> 0;
    words[at + PATH_SENT_BYTES] = before + bytes.length;
    if (before + bytes.length >= 2 ** 32) words[at + PATH_SENT_BYTES + 1]++;
  }

  private transmit(socket: number, to: Address, bytes: Uint8Array, sealed: Sealed | null): number {
    this.world.trace.bytes(bytes);
    return this.put(socket, to, { bytes, sealed, isForged: false, sentMs: this.world.queue.nowMs });
  }

  /** Hands a datagram to the interface of the socket; errno, 0 = taken. */
  protected abstract put(socket: number, to: Address, datagram: Outgoing): number;
  protected abstract handleEvent(event: CoreEvent): void;
  /** False where the sender does not lease the packet's source address as this end knows it. */
  protected mayComeFrom(_packet: InnerPacket): boolean {
    return true;
  }
  protected handleArrived(_datagram: Datagram): void {}
  protected handleDelivered(_packet: InnerPacket): void {}
  /** What else has to hold after a step. */
  protected abstract inspect(step: Step): void;

  // The loop

  /** One turn of the engine: an input or a command, then everything the core has to say. */
  run(input: (core: CoreBase, step: Step) => void): void {
    if (this.running === null) return;
    const { core } = this.running;
    const looksInside = this.peers <= CROWD || this.steps++ % CROWD_EVERY === 0;
    const step = new Step(this.name, core, looksInside);
    this.step = step;
    input(core, step);
    this.drain(core);
    this.step = null;
    step.finish(this.world.ledger, this.place, this.facts);
    if (looksInside) this.inspect(step);
  }

  private drain(core: CoreBase): void {
    const out = core.outbox.batch;
    if (out.count > 0) {
      this.seal(out);
      this.send(out);
      out.clear();
    }
    if (core.deliveries.count > 0) {
      this.deliver(core.deliveries);
      core.deliveries.clear();
    }
    for (const event of core.events.splice(0)) {
      this.world.trace.note(this.world.queue.nowMs, this.name, JSON.stringify(event));
      this.handleEvent(event);
    }
    this.schedule();
  }

  private schedule(): void {
    const dueMs = this.core?.nextTimeoutMs ?? Number.POSITIVE_INFINITY;
    if (dueMs === Number.POSITIVE_INFINITY || this.clock.sleeps) return;
    // setTimeout never fires within the same millisecond.
    const atMs = Math.max(this.world.queue.nowMs + 1, this.clock.worldMs(dueMs));
    if (atMs >= this.timerMs) return;
    this.timerMs = atMs;
    const generation = ++this.timerGeneration;
    this.world.queue.at(atMs, () => {
      if (generation === this.timerGeneration) this.handleTimer();
    });
  }

  private handleTimer(): void {
    this.timerMs = Number.POSITIVE_INFINITY;
    if (this.isFrozen) return;
    this.busy.note(this.world.queue.nowMs);
    this.run((core) => core.handleTimeout(this.clock.nowMs));
  }

  /** A session with this key is in use here. */
  private isOpen(key: KeyRecord): boolean {
    const slot = this.running?.sealer.slotOf(key) ?? -1;
    return slot >= 0 && this.core?.['context'].sessions.atSlot(slot) !== null;
  }

  private disarm(): void {
    this.timerGeneration++;
    this.timerMs = Number.POSITIVE_INFINITY;
  }

  // The machine

  sleep(): void {
    this.clock.sleep();
    this.disarm();
    for (const inbox of this.inboxes.values()) inbox.length = 0;
  }

  wake(): void {
    this.clock.wake();
    this.pausedMs = this.world.queue.nowMs;
    this.schedule();
  }

  private get isFrozen(): boolean {
    return this.world.queue.nowMs < this.frozenUntilMs;
  }

  /** The process is stopped (SIGSTOP, a paused guest): time goes on, sockets and TUN fill up. */
  freeze(forMs: number): void {
    const { queue } = this.world;
    this.frozenUntilMs = Math.max(this.frozenUntilMs, onGrid(queue.nowMs + forMs));
    this.pausedMs = this.frozenUntilMs;
    queue.at(this.frozenUntilMs, () => {
      if (this.isFrozen) return;
      for (const packets of this.waitingOffers.splice(0)) this.offer(packets);
      this.schedule();
    });
  }

  jump(monotonicMs: number, wallMs: number): void {
    this.clock.jump(monotonicMs, wallMs);
    this.pausedMs = this.world.queue.nowMs;
    this.disarm();
    this.schedule();
  }

  /** The process ends, with or without a goodbye. */
  stop(goodbye: boolean): void {
    if (this.running === null) return;
    if (goodbye) this.run((core) => core.close(this.clock.nowMs));
    this.running?.sealer.close();
    this.running = null;
    this.model.clear();
    this.waitingOffers.length = 0;
    this.inboxes.clear();
    this.disarm();
  }
}

/** When this end last believed that it heard something, over any path or in any session. */
function lastHeardMs(core: CoreBase): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const association of associationsOf(core)) {
    last = Math.max(last, association.current?.lastReceivedMs ?? last);
    for (const path of association.paths) last = Math.max(last, path?.lastHeardMs ?? last);
  }
  return last;
}
