/**
 * An association: the lasting relation of one client with the server. It owns the addresses, the paths, the streams and what
 * waits for a path. Sessions (keys) come and go inside it; outages of days change nothing in it.
 */
import { base64 } from '../base64.ts';
import type { CoreContext } from '../core-context.ts';
import { PATHS_PER_PEER } from '../packet-batch.ts';
import type { Allowance } from '../path/allowance.ts';
import { Candidates } from '../path/candidates.ts';
import { Path } from '../path/path.ts';
import { isUsable } from '../path/path-state.ts';
import type { Policy } from '../policy/policy.ts';
import type { Rule } from '../policy/rule.ts';
import { Steering } from '../policy/steering.ts';
import { Arrivals } from '../receive/arrivals.ts';
import { Reassembly } from '../receive/reassembly.ts';
import { Reorder } from '../receive/reorder.ts';
import type { Session } from '../session/session.ts';
import { Streams } from '../stream/streams.ts';
import type { TimerOwner } from '../timer-queue.ts';
import type { Preferences } from '../wire/preferences.ts';
import { Activity } from './activity.ts';
import { ClientWishes } from './client-wishes.ts';
import { PacketSender } from './packet-sender.ts';
import { Resender } from './resender.ts';
import { SessionPair } from './session-pair.ts';
import { StreamCarrier } from './stream-carrier.ts';

export class Association implements TimerOwner {
  dueMs = 0;
  heapIndex = -1;
  /** See `CoreContext.wake`. */
  isWoken = false;

  /** IPv4 address, int32; 0 = none yet. */
  address4 = 0;
  /** IPv6 address, four big-endian words; null = none. */
  address6: Int32Array | null = null;
  isStatic = false;

  readonly sessions: SessionPair;
  readonly sender: PacketSender;
  readonly resender: Resender;
  readonly activity = new Activity();

  readonly paths: (Path | null)[] = new Array(PATHS_PER_PEER).fill(null);
  /** Which paths each packet takes; none = packets are held. */
  readonly steering: Steering;
  readonly reassembly = new Reassembly();
  /** Null until the peer sends in lanes: few ever do. */
  reorder: Reorder | null = null;
  readonly candidates = new Candidates();
  readonly arrivals = new Arrivals();
  /** Reliable channels: nothing about sessions or paths ends them. Null until somebody speaks of one: most never do. */
  streamsIfAny: Streams | null = null;
  private carrier: StreamCarrier | null = null;
  /** Which life of this end this is (the first session id that it gave), uint32; and of the peer. 0 = not met yet. */
  incarnation = 0;
  private peerIncarnation = 0;

  /** Server: what the client said of its paths. */
  private readonly wishes = new ClientWishes();

  receivedPackets = 0;
  receivedBytes = 0;
  /** As of the last sample. */
  readonly sampled = { sentBytes: 0, receivedBytes: 0 };
  duplicatesDropped = 0;
  spoofedDropped = 0;

  /** `slot` is the row group in the path table; `name` is for people. */
  constructor(
    private readonly context: CoreContext,
    readonly slot: number,
    readonly publicKey: Uint8Array,
    public name: string,
    /** The public key as text: what maps find the client by. */
    readonly key = base64(publicKey),
  ) {
    this.sessions = new SessionPair(context.sessions);
    this.sender = new PacketSender(context, this);
    this.resender = new Resender(context, this);
    this.steering = new Steering(context.policy, context.rules);
  }

  // Sessions

  /** Used for sending; null = nothing can be sent. */
  get current(): Session | null {
    return this.sessions.current;
  }

  /** The new session is used for sending at once. */
  adopt(session: Session, now: number): void {
    if (this.current === session) return;
    this.sessions.adopt(session, now);
    this.meet(session.peerIncarnation);
    this.choosePaths(now);
  }

  /**
   * A peer of another life knows nothing of the channels, nor of what it said before. A client's sockets went with its life: what
   * were still sent there, nobody would receive, and on a metered link nobody count.
   */
  private meet(peerIncarnation: number): void {
    if (this.peerIncarnation !== 0 && this.peerIncarnation !== peerIncarnation) {
      this.streamsIfAny?.handlePeerRestarted();
      if (this.context.isServer) {
        this.wishes.forgetAllowances();
        for (let id = 0; id < PATHS_PER_PEER; id++) this.removePath(id);
      }
    }
    this.peerIncarnation = peerIncarnation;
  }

  /** True for a session whose channels are those of today. */
  knowsChannels(session: Session): boolean {
    return session.peerIncarnation === this.peerIncarnation && session.peerIncarnation !== 0;
  }

  /** One session ends: when it is the current one, nothing can be sent until there is another. */
  dropSession(session: Session, now: number): void {
    if (this.sessions.drop(session)) this.choosePaths(now);
  }

  dropSessions(): void {
    this.sessions.dropAll();
    this.reorder?.close();
  }

  // Paths

  /** Opens path `id` towards `words` from `at`; it is probed before it carries anything else. */
  openPath(
    id: number,
    socket: number,
    words: Int32Array,
    at: number,
    maxMtuBytes: number,
    interfaceName: string,
    now: number,
  ): Path {
    this.closePath(id, now);
    const path = new Path(
      {
        id,
        row: this.slot * PATHS_PER_PEER + id,
        words: this.context.paths.words,
        maxMtuBytes,
        keepsAlive: !this.context.isServer,
        interfaceName,
      },
      now,
    );
    path.setAddress(socket, words, at);
    if (this.context.isServer) this.wishes.open(path);
    this.paths[id] = path;
    return path;
  }

  closePath(id: number, now: number): void {
    this.removePath(id);
    this.choosePaths(now);
  }

  private removePath(id: number): void {
    this.paths[id]?.row.clear();
    this.context.outbox.withdraw(this.slot, id);
    this.arrivals.forget(id);
    this.paths[id] = null;
  }

  /** The path whose remote end is that address, or null. */
  findPath(socket: number, words: Int32Array, at: number): Path | null {
    for (const path of this.paths) if (path?.row.matches(socket, words, at)) return path;
    return null;
  }

  /** To be called when any path changed its state, address or MTU. What was held leaves with the first path that is up. */
  choosePaths(now: number): void {
    const { steering } = this;
    const before = steering.mask;
    steering.update(this.paths, this.current !== null, now);
    this.reorder?.measure(this.paths, now);
    this.sender.handlePathsChanged();
    this.resender.handlePathsChanged();
    this.carrier?.update(steering.choice.copies, steering.choice.spread);
    this.streamsIfAny?.handlePathsChanged();
    if (steering.mask === 0) return;
    this.resender.resend(now);
    if (before === 0) this.sender.release(now);
  }

  /** Server: the client's wishes; those of another session than the current one, and older ones, are not followed. */
  takePreferences(session: Session, number: number, wish: Preferences, now: number): void {
    if (session !== this.current || !this.wishes.take(session, number, wish.pathFlags)) return;
    for (const path of this.paths) if (path !== null) this.wishes.flag(path);
    this.setPolicy(wish.policy, wish.rules, now);
  }

  /** Server: of path `id`, open or not yet. */
  allowanceOf(id: number): Allowance {
    return this.paths[id]?.allowance ?? this.wishes.earlyAllowance(id);
  }

  /** Which policy carries which packets from now on. */
  setPolicy(policy: Policy, rules: readonly Rule[], now: number): void {
    this.steering.configure(policy, rules);
    this.choosePaths(now);
  }

  get hasUsablePath(): boolean {
    return this.paths.some((path) => path !== null && isUsable(path.state) && !path.isExhausted);
  }

  // What only some need

  /** Puts packets in order from now on. */
  beginOrder(now: number): Reorder {
    this.reorder = new Reorder(this.context.orderSlots);
    this.reorder.measure(this.paths, now);
    return this.reorder;
  }

  get streams(): Streams {
    this.streamsIfAny ??= this.beginStreams();
    return this.streamsIfAny;
  }

  private beginStreams(): Streams {
    const { context, steering } = this;
    this.carrier = new StreamCarrier(context, this);
    this.carrier.update(steering.choice.copies, steering.choice.spread);
    const streams = new Streams({
      role: context.isServer ? 'server' : 'client',
      carrier: this.carrier,
      news: context.streamNews,
      maxChannels: context.maxChannels,
      memory: context.streamMemory,
      peer: () => this.name,
    });
    streams.handlePathsChanged();
    return streams;
  }

  // Time

  /** Sends what the streams have to send. */
  flushStreams(now: number): void {
    const { streamsIfAny: streams } = this;
    if (streams === null) return;
    streams.flush(now);
    const isIdle = streams.count === 0 && !this.activity.isAwaited;
    if (isIdle || !this.activity.wantsLook(now)) return;
    const { isWaiting } = streams;
    // First, while it still shows whether traffic begins.
    if (isWaiting) this.touch(now);
    this.activity.handleWaiting(isWaiting, now);
  }

  /** An inner packet goes out or came in, without asking the clock for each: the paths are watched closely from now on. */
  handlePacket(now: number): void {
    if (this.activity.isStale(now)) this.touch(now);
  }

  /** A datagram leaves over these paths, of which none is sure to bring it. */
  relyOn(pathMask: number, now: number): void {
    for (let id = 0, rest = pathMask; rest !== 0; id++, rest >>>= 1)
      if ((rest & 1) !== 0 && this.paths[id]?.schedule.handleReliedOn(now)) this.context.wake(this);
  }

  /** Traffic goes, or somebody looks as if it did. */
  touch(now: number): void {
    this.context.busy.add(this);
    if (!this.activity.touch(now)) return;
    this.resender.handleActive();
    for (const path of this.paths) path?.handleActive(now);
    this.context.wake(this);
  }

  /** An IP packet of the peer. */
  handlePacketIn(length: number, now: number): void {
    this.receivedPackets++;
    this.receivedBytes += length;
    this.handlePacket(now);
  }

  /** Sessions that are over and packets held for too long go. Returns true when the current session went. */
  expire(now: number): boolean {
    this.sender.expire(now);
    this.reassembly.expire(now);
    this.reorder?.expire(now);
    this.current?.fitWindow(this.slowestMs(), now);
    this.sessions.expirePrevious(now);
    if (this.current === null || !this.current.hasExpired(now)) return false;
    this.dropSessions();
    this.choosePaths(now);
    return true;
  }

  /** How late a copy may be: the slowest path's answer time. */
  private slowestMs(): number {
    let slowest = 0;
    for (const path of this.paths)
      if (path !== null && isUsable(path.state)) slowest = Math.max(slowest, path.answerMs);
    return slowest;
  }

  get expiryMs(): number {
    return Math.min(
      this.sessions.expiryMs,
      this.sender.expiryMs,
      this.reorder?.dueMs ?? Number.POSITIVE_INFINITY,
    );
  }
}
