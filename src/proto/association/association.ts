/**
 * An association: the lasting relation of one client with the server. It owns the addresses, the paths, the numbers of the IP
 * channel and what waits for a path. Sessions (keys) come and go inside it; outages of days change nothing in it.
 */
import { base64 } from '../base64.ts';
import { IpChannel, wholePacketBytes } from '../channel/ip-channel.ts';
import type { CoreContext } from '../core-context.ts';
import { PATHS_PER_PEER, type PacketBatch, PacketFlags, Verdict } from '../packet-batch.ts';
import { Candidates } from '../path/candidates.ts';
import { Path } from '../path/path.ts';
import { isUsable } from '../path/path-state.ts';
import type { Policy } from '../policy/policy.ts';
import type { Rule } from '../policy/rule.ts';
import { Steering } from '../policy/steering.ts';
import { Arrivals } from '../receive/arrivals.ts';
import { Reassembly } from '../receive/reassembly.ts';
import { Reorder } from '../receive/reorder.ts';
import { PREVIOUS_SESSION_MS, SESSION_SILENT_MS, type Session } from '../session/session.ts';
import { Streams } from '../stream/streams.ts';
import type { TimerOwner } from '../timer-queue.ts';
import { UNORDERED } from '../wire/interior.ts';
import { PathFlags, type Preferences } from '../wire/preferences.ts';
import { HOLD_LIMITS, HoldQueue } from './hold-queue.ts';
import type { Judgement } from './sent-log.ts';
import { StreamCarrier } from './stream-carrier.ts';

/** What is older is wanted no more than what was held for so long. */
const RESEND_MS = HOLD_LIMITS.ageMs;
const MAX_PACKET_BYTES = 1_500;
/** Of a datagram around a packet: wrappers and tag, UDP and IPv6 headers; a packet in two pieces costs less than it saves. */
const MAX_OVERHEAD_BYTES = 85;
/** After the last inner packet the paths are probed densely for so long. */
const ACTIVE_MS = 2_000;
/** So long after an outage began paths are looked for as under traffic when streams wait; then ever more rarely. */
const WAIT_MS = 900_000;
/** Looking at the activity more often than this per association would be work per packet. */
const TOUCH_EVERY_MS = 50;

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

  /** Used for sending. */
  current: Session | null = null;
  /** Still opened: late copies over slow paths. */
  private previous: Session | null = null;
  private previousUntilMs = Number.POSITIVE_INFINITY;
  handshakes = 0;

  /** The public key as text: what maps find the client by. */
  readonly key: string;
  readonly paths: (Path | null)[] = new Array(PATHS_PER_PEER).fill(null);
  /** Which paths each packet takes; none = packets are held. */
  readonly steering: Steering;
  /** Paths that answered since traffic began: what leaves over two of them needs no second try. */
  private vouchedMask = 0;
  /** When a packet last left without a twin over another such path. */
  private soleMs = Number.NEGATIVE_INFINITY;
  private resentRevision = 0;
  /** Some path is metered. */
  private isLimited = false;
  resentDatagrams = 0;
  /** Largest inner packet that travels whole over all of them. */
  private wholeBytes = 0;
  private readonly channel: IpChannel;
  private readonly hold = new HoldQueue();
  readonly reassembly = new Reassembly();
  readonly reorder: Reorder;
  readonly candidates = new Candidates();
  readonly arrivals = new Arrivals();
  /** Reliable channels: nothing about sessions or paths ends them. */
  readonly streams: Streams;
  private readonly carrier: StreamCarrier;
  /** Which life of this end this is (the first session id that it gave), uint32; and of the peer. 0 = not met yet. */
  incarnation = 0;
  private peerIncarnation = 0;

  /** Server: what the client said of its paths, and in which message. */
  private readonly pathFlags = new Uint8Array(PATHS_PER_PEER);
  private preferencesOf: Session | null = null;
  private preferencesNumber = 0;

  private activeUntilMs = 0;
  private activeSinceMs = 0;
  private touchedMs = Number.NEGATIVE_INFINITY;
  /** Streams wait for a path: it is looked for as under traffic until then. */
  private waitUntilMs = Number.NEGATIVE_INFINITY;
  private lookedMs = Number.NEGATIVE_INFINITY;

  sentPackets = 0;
  sentBytes = 0;
  receivedPackets = 0;
  receivedBytes = 0;
  duplicatesDropped = 0;
  spoofedDropped = 0;

  /** `slot` is the row group in the path table; `name` is for people. */
  constructor(
    private readonly context: CoreContext,
    readonly slot: number,
    readonly publicKey: Uint8Array,
    public name: string,
  ) {
    this.key = base64(publicKey);
    this.channel = new IpChannel(context.isServer);
    this.reorder = new Reorder(context.orderSlots);
    this.steering = new Steering(context.policy, context.rules);
    this.carrier = new StreamCarrier(context, this);
    this.streams = new Streams({
      role: context.isServer ? 'server' : 'client',
      carrier: this.carrier,
      news: context.streamNews,
      maxChannels: context.maxChannels,
      peer: () => this.name,
    });
  }

  // Sessions

  /** The new session is used for sending at once; its predecessor is kept for what is still under way. */
  adopt(session: Session, now: number): void {
    if (this.current === session) return;
    if (this.previous !== null) this.context.sessions.remove(this.previous);
    this.previous = this.current;
    this.previousUntilMs = this.previous === null ? Number.POSITIVE_INFINITY : now + PREVIOUS_SESSION_MS;
    this.current = session;
    this.handshakes++;
    this.meet(session.peerIncarnation);
    this.choosePaths(now);
  }

  /** Something from the client would still be taken. */
  get hasSession(): boolean {
    return this.current !== null || this.previous !== null;
  }

  /** A peer of another life knows nothing of the channels. */
  private meet(peerIncarnation: number): void {
    if (this.peerIncarnation !== 0 && this.peerIncarnation !== peerIncarnation) this.streams.reset();
    this.peerIncarnation = peerIncarnation;
  }

  /** True for a session whose channels are those of today. */
  knowsChannels(session: Session): boolean {
    return session.peerIncarnation === this.peerIncarnation && session.peerIncarnation !== 0;
  }

  /** True for the sessions that are in use; a pending one is not, before it is confirmed. */
  uses(session: Session): boolean {
    return session === this.current || session === this.previous;
  }

  /** One session ends: when it is the current one, nothing can be sent until there is another. */
  dropSession(session: Session, now: number): void {
    this.context.sessions.remove(session);
    if (session === this.previous) {
      this.previous = null;
      this.previousUntilMs = Number.POSITIVE_INFINITY;
    } else if (session === this.current) {
      this.current = null;
      this.choosePaths(now);
    }
  }

  dropSessions(): void {
    for (const session of [this.current, this.previous])
      if (session !== null) this.context.sessions.remove(session);
    this.current = null;
    this.reorder.close();
    this.previous = null;
    this.previousUntilMs = Number.POSITIVE_INFINITY;
  }

  // Packets out

  /** The row covers an IP packet with headroom: it becomes a datagram, is sent in pieces, or is held. */
  send(batch: PacketBatch, row: number, now: number): void {
    if (now - this.touchedMs >= TOUCH_EVERY_MS) this.touch(now);
    const session = this.current;
    const { steering } = this;
    const length = batch.length[row];
    if (session === null || steering.mask === 0 || !session.canSend) {
      this.holdPacket(
        batch.arena.subarray(batch.offset[row], batch.offset[row] + length),
        batch.flags[row],
        now,
      );
      batch.verdict[row] = Verdict.DROP;
      return;
    }
    session.carriedPackets = true;
    this.sentPackets++;
    this.sentBytes += length;
    let pathMask = steering.plainMask;
    let order = UNORDERED;
    if (pathMask < 0) {
      pathMask = steering.choose(batch.arena, batch.offset[row], length, now);
      order = steering.order;
    }
    if (this.isLimited) {
      pathMask = this.withinAllowance(pathMask, length);
      if (pathMask === 0) {
        this.context.drops.add('over-budget');
        batch.verdict[row] = Verdict.DROP;
        return;
      }
    }
    const vouched = pathMask & this.vouchedMask;
    const isSole = (vouched & (vouched - 1)) === 0;
    if (isSole) this.noteSole(pathMask, now);
    if (length > this.wholeBytes) {
      this.sendInPieces(session, batch, row, pathMask, isSole ? PacketFlags.SOLE : 0, order);
      batch.verdict[row] = Verdict.DROP;
      return;
    }
    this.channel.wrap(batch, row, order);
    if (isSole) batch.flags[row] |= PacketFlags.SOLE;
    batch.peer[row] = this.slot;
    batch.train[row] = -1;
    batch.pathMask[row] = pathMask;
    session.stamp(batch, row);
  }

  /** The same for a packet that stands elsewhere: it is copied into the outbox first. */
  sendCopy(bytes: Uint8Array, offset: number, length: number, flags: number, now: number): void {
    const outbox = this.context.outbox;
    const row = outbox.begin(length);
    if (row < 0) {
      this.context.drops.add('batch-full');
      return;
    }
    outbox.batch.arena.set(bytes.subarray(offset, offset + length), outbox.batch.offset[row]);
    outbox.batch.flags[row] = flags;
    this.send(outbox.batch, row, now);
  }

  private sendInPieces(
    session: Session,
    batch: PacketBatch,
    row: number,
    mask: number,
    rowFlags: number,
    order: number,
  ): void {
    const { outbox, drops } = this.context;
    const { arena, offset: at, length, flags } = batch;
    const piece = this.wholeBytes;
    if (
      !this.channel.split(
        arena,
        at[row],
        length[row],
        flags[row],
        piece,
        outbox,
        session,
        mask,
        rowFlags,
        order,
      )
    )
      drops.add('batch-full');
  }

  /** The packet at hand leaves without a twin that is sure to arrive. */
  private noteSole(pathMask: number, now: number): void {
    this.context.soleRows++;
    this.soleMs = now;
    for (let id = 0, rest = pathMask; rest !== 0; id++, rest >>>= 1)
      if ((rest & 1) !== 0 && this.paths[id]?.schedule.handleReliedOn(now)) this.context.wake(this);
  }

  /** What left lately over paths that have died since, and over no other, goes out again: the receiver drops what it has seen. */
  private resend(now: number): void {
    const revision = this.pathsRevision();
    if (revision === this.resentRevision) return;
    this.resentRevision = revision;
    if (now - this.soleMs > RESEND_MS) return;
    this.context.sentLog.resend(
      this.slot,
      now - RESEND_MS,
      (pathMask, sentMs) => this.judgeSent(pathMask, sentMs),
      (datagram, pathMask) => {
        const isTaken = this.context.outbox.again(datagram, this.slot, pathMask);
        if (isTaken) this.resentDatagrams++;
        return isTaken;
      },
    );
  }

  private judgeSent(pathMask: number, sentMs: number): Judgement {
    let targets = this.steering.mask;
    let isOpen = false;
    for (let id = 0, rest = pathMask; rest !== 0; id++, rest >>>= 1) {
      if ((rest & 1) === 0) continue;
      const path = this.paths[id];
      const isUp = path?.state === 'up';
      const fate = path?.proof.fateOf(sentMs, isUp) ?? 'lost';
      if (fate === 'arrived') return 'settled';
      if (fate === 'open') isOpen = true;
      if (!isUp) targets &= ~(1 << id);
    }
    if (isOpen) return 'keep';
    if (this.isLimited) targets = this.withinAllowance(targets, MAX_PACKET_BYTES);
    return targets === 0 ? 'keep' : targets;
  }

  /** Another number whenever the fate of what was sent may have changed. */
  private pathsRevision(): number {
    let upMask = 0;
    let gaps = 0;
    for (const path of this.paths) {
      if (path === null) continue;
      if (path.state === 'up') upMask |= 1 << path.id;
      gaps += path.proof.gaps;
    }
    return 2 ** PATHS_PER_PEER * gaps + upMask;
  }

  /** The paths that may still carry so much: metered ones take it out of what they were given. */
  private withinAllowance(pathMask: number, length: number): number {
    let mask = pathMask;
    for (let id = 0, rest = mask; rest !== 0; id++, rest >>>= 1)
      if ((rest & 1) !== 0 && this.paths[id]?.allowance.take(length + MAX_OVERHEAD_BYTES) === false)
        mask &= ~(1 << id);
    return mask;
  }

  private holdPacket(bytes: Uint8Array, flags: number, now: number): void {
    if (this.hold.length === 0) this.context.wake(this);
    this.context.drops.add('hold-overflow', this.hold.push(bytes, flags, now));
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
    if (this.context.isServer) this.flag(path);
    this.paths[id] = path;
    return path;
  }

  closePath(id: number, now: number): void {
    this.paths[id]?.row.clear();
    this.arrivals.forget(id);
    this.paths[id] = null;
    this.choosePaths(now);
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
    this.reorder.measure(this.paths, now);
    let datagramBytes = Number.POSITIVE_INFINITY;
    for (const path of this.paths)
      if (path !== null && steering.mask & (1 << path.id))
        datagramBytes = Math.min(datagramBytes, path.datagramBytes);
    this.wholeBytes = steering.mask === 0 ? 0 : wholePacketBytes(datagramBytes);
    this.vouchedMask = this.vouchedPaths();
    this.isLimited = this.paths.some((path) => path?.allowance.isLimited);
    this.carrier.update(steering.choice.copies, steering.choice.spread);
    this.streams.handlePathsChanged();
    if (steering.mask === 0) return;
    this.resend(now);
    if (before === 0) this.release(now);
  }

  /** Paths that answered since traffic began. */
  private vouchedPaths(): number {
    let mask = 0;
    for (const path of this.paths)
      if (path?.state === 'up' && path.proof.isProvenSince(this.activeSinceMs)) mask |= 1 << path.id;
    return mask;
  }

  /** Server: the client's wishes; those of another session than the current one, and older ones, are not followed. */
  takePreferences(session: Session, number: number, wish: Preferences, now: number): void {
    if (session !== this.current) return;
    if (session === this.preferencesOf && ((number - this.preferencesNumber) | 0) <= 0) return;
    this.preferencesOf = session;
    this.preferencesNumber = number;
    this.pathFlags.set(wish.pathFlags);
    for (const path of this.paths) if (path !== null) this.flag(path);
    this.setPolicy(wish.policy, wish.rules, now);
  }

  private flag(path: Path): void {
    const flags = this.pathFlags[path.id];
    path.isBackup = (flags & PathFlags.BACKUP) !== 0;
    path.isMetered = (flags & PathFlags.METERED) !== 0;
  }

  /** Which policy carries which packets from now on. */
  setPolicy(policy: Policy, rules: readonly Rule[], now: number): void {
    this.steering.configure(policy, rules);
    this.choosePaths(now);
  }

  private release(now: number): void {
    this.expireHeld(now);
    for (const held of this.hold.drain()) this.sendCopy(held.bytes, 0, held.bytes.length, held.flags, now);
  }

  get hasUsablePath(): boolean {
    return this.paths.some((path) => path !== null && isUsable(path.state));
  }

  // Time

  isActive(now: number): boolean {
    return now < Math.max(this.activeUntilMs, this.waitUntilMs);
  }

  /** Milliseconds since inner packets last went either way. */
  idleMs(now: number): number {
    return now < this.waitUntilMs ? 0 : now - (this.activeUntilMs - ACTIVE_MS);
  }

  /** Sends what the streams have to send. */
  flushStreams(now: number): void {
    this.streams.flush(now);
    if (this.streams.count === 0 || now - this.lookedMs < TOUCH_EVERY_MS) return;
    this.lookedMs = now;
    const isWaiting = this.streams.isWaiting;
    // First, while it still shows whether traffic begins.
    if (isWaiting) this.touch(now);
    this.waitUntilMs = isWaiting ? now + WAIT_MS : Number.NEGATIVE_INFINITY;
  }

  /** An inner packet went out or came in: the paths are watched closely from now on. */
  touch(now: number): void {
    const wasActive = this.isActive(now);
    this.touchedMs = now;
    this.activeUntilMs = now + ACTIVE_MS;
    if (wasActive) return;
    this.activeSinceMs = now;
    this.vouchedMask = 0;
    for (const path of this.paths) path?.handleActive(now);
    this.context.wake(this);
  }

  /** Counts packets in without asking the clock for each. */
  handlePacketIn(length: number, session: Session, now: number): void {
    session.carriedPackets = true;
    this.receivedPackets++;
    this.receivedBytes += length;
    if (now - this.touchedMs >= TOUCH_EVERY_MS) this.touch(now);
  }

  /** Sessions that are over and packets held for too long go. Returns true when the current session went. */
  expire(now: number): boolean {
    this.expireHeld(now);
    this.reassembly.expire(now);
    this.reorder.expire(now);
    this.current?.fitWindow(this.slowestMs(), now);
    if (this.previous !== null && (now >= this.previousUntilMs || this.previous.hasExpired(now))) {
      this.context.sessions.remove(this.previous);
      this.previous = null;
      this.previousUntilMs = Number.POSITIVE_INFINITY;
    }
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

  private expireHeld(now: number): void {
    this.context.drops.add('hold-expired', this.hold.expire(now));
  }

  get expiryMs(): number {
    const silent =
      this.current === null ? Number.POSITIVE_INFINITY : this.current.lastReceivedMs + SESSION_SILENT_MS;
    return Math.min(this.previousUntilMs, silent, this.hold.nextExpiryMs, this.reorder.dueMs);
  }

  get counters() {
    return {
      heldPackets: this.hold.length,
      holdOverflows: this.hold.overflowed,
      fragmentsSent: this.channel.fragmentsSent,
    };
  }
}
