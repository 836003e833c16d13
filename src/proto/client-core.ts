/** The client's end: one association, to one server, over every path that was opened. */
import { Association } from './association/association.ts';
import { base64 } from './base64.ts';
import { ClientLease } from './client-lease.ts';
import { clientRoutes } from './client-routes.ts';
import { ClientSession, REFUSED_PAUSE_MS } from './client-session.ts';
import type { Source } from './command/source.ts';
import { CoreBase } from './core-base.ts';
import type { CoreOptions } from './core-context.ts';
import { Metering } from './metering.ts';
import type { PacketBatch } from './packet-batch.ts';
import type { Path, PathWishes } from './path/path.ts';
import { PathReports } from './path-reports.ts';
import type { Policy } from './policy/policy.ts';
import type { Rule } from './policy/rule.ts';
import type { Routes } from './routes.ts';
import type { Census } from './sampler.ts';
import { ServerEndpoints } from './server-endpoints.ts';
import { Initiator } from './session/initiator.ts';
import type { Session } from './session/session.ts';
import type { Snapshot } from './snapshot.ts';
import { peerSnapshot, snapshot } from './snapshots.ts';
import type { Stream, Target } from './stream/stream.ts';
import { readPreferencesTaken } from './wire/preferences.ts';
import { Wishes } from './wishes.ts';

export interface ClientCoreOptions extends Omit<CoreOptions, 'role' | 'maxSessions'> {
  readonly tunName: string;
  readonly privateKey: Uint8Array;
  readonly serverPublicKey: Uint8Array;
  readonly psk: Uint8Array;
  /** 8 bytes; null once the server knows this client's key. */
  readonly inviteId: Uint8Array | null;
  /** First handshake counter that was never used with this key. */
  readonly counter: number;
  /** `ADDRESS_WORDS` each. */
  readonly endpoints: readonly Int32Array[];
  /** Static address, uint32; 0 = the server chooses. */
  readonly wantedAddress: number;
}

/** A path to be opened; `mtuBytes` is the largest outer packet that the interface takes. */
export interface NewPath extends PathWishes {
  /** 0..7. */
  readonly id: number;
  readonly socket: number;
  readonly family: 4 | 6;
  readonly mtuBytes: number;
  readonly interfaceName: string;
}

export class ClientCore extends CoreBase {
  private readonly association: Association;
  private readonly session: ClientSession;
  private readonly metering: Metering;
  private readonly wishes: Wishes;
  private readonly publicKey: Uint8Array;
  private readonly tunName: string;
  private readonly startedMs: number;
  private readonly endpoints: ServerEndpoints;
  private readonly lease: ClientLease;
  private readonly pathReports: PathReports;
  private closed = false;

  readonly routes: Routes;

  constructor(options: ClientCoreOptions, now: number) {
    super({ ...options, role: 'client', maxSessions: 8 });
    this.tunName = options.tunName;
    this.startedMs = now;
    this.publicKey = options.primitives.x25519PublicKey(options.privateKey);
    this.endpoints = new ServerEndpoints(options.endpoints);
    this.association = new Association(this.context, 0, options.serverPublicKey, 'server');
    this.metering = new Metering(this.association, this.commands, this.events);
    this.wishes = new Wishes(this.association);
    this.pathReports = new PathReports(this.events);
    this.lease = new ClientLease(
      this.association,
      this.commands,
      this.events,
      options.wantedAddress,
      REFUSED_PAUSE_MS,
    );
    const { counter, inviteId } = options;
    const initiator = new Initiator(options.primitives, options);
    this.session = new ClientSession(this.context, this.association, this.endpoints, this.events, {
      initiator,
      counter,
      inviteId,
    });
    this.routes = clientRoutes(this.association);
    this.context.wake(this.association);
  }

  // Commands

  /**
   * A socket for path `id` is ready; the path is probed as soon as there is a session, and a handshake goes over it. False =
   * the server has no address of that family.
   */
  openPath({ id, socket, family, mtuBytes, interfaceName, ...wishes }: NewPath, now: number): boolean {
    const words = this.endpoints.of(family);
    if (words === null) return false;
    const path = this.association.openPath(id, socket, words, 0, mtuBytes, interfaceName, now);
    path.isBackup = wishes.backup ?? false;
    path.isMetered = wishes.metered ?? false;
    this.metering.handleOpened(path, wishes.budgetBytes, now);
    this.session.hurry(now);
    this.context.wake(this.association);
    this.handleTimeout(now);
    return true;
  }

  closePath(id: number, now: number): void {
    const path = this.association.paths[id];
    if (path) this.metering.handleClosing(path);
    this.association.closePath(id, now);
    this.context.wake(this.association);
    this.handleTimeout(now);
  }

  /** The path's interface takes packets of another size from now on. */
  setPathMtu(id: number, mtuBytes: number, now: number): void {
    this.association.paths[id]?.mtu.setMax(mtuBytes);
    this.association.choosePaths(now);
    this.context.wake(this.association);
    this.handleTimeout(now);
  }

  /** Bytes that may cross the path, counted since it was opened; undefined = as many as there are. */
  setBudget(id: number, limitBytes: number | undefined, now: number): void {
    const path = this.association.paths[id];
    if (!path) return;
    this.metering.setLimit(path, limitBytes, now);
    this.association.choosePaths(now);
    this.context.wake(this.association);
    this.handleTimeout(now);
  }

  /** The path goes on through another socket: nothing is known of the way any more. */
  rebindPath(id: number, socket: number): void {
    const path = this.association.paths[id];
    if (!path) return;
    path.setAddress(
      socket,
      this.endpoints.of(path.row.family) ?? path.row.words.slice(path.row.addressAt),
      0,
    );
  }

  /**
   * The machine slept, or a link is there again: path `id` (null: every path) is asked at once, and a handshake goes beside the
   * question, for the session may be over. What is to be sent waits for the first answer.
   */
  wakeup(id: number | null, now: number): void {
    for (const path of this.association.paths)
      if (path && (id === null || path.id === id)) path.revalidate(now);
    this.association.choosePaths(now);
    this.session.renew(now);
    this.context.wake(this.association);
    this.handleTimeout(now);
  }

  /** Somebody wants to know how the paths are: for two seconds they are asked as under traffic. */
  attend(now: number): void {
    this.association.touch(now);
    this.context.wake(this.association);
    this.handleTimeout(now);
  }

  /** Which policy carries which packets from now on, both ways. */
  setPolicy(policy: Policy, rules: readonly Rule[], now: number): void {
    this.association.setPolicy(policy, rules, now);
    this.wishes.change(now);
    this.context.wake(this.association);
    this.handleTimeout(now);
  }

  /** Null = there are too many. `settle` follows. */
  openStream(target: Target, now: number): Stream | null {
    return this.association.streams.open(target, now);
  }

  get streams(): Iterable<Stream> {
    return this.association.streamsIfAny?.all ?? [];
  }

  setEndpoints(endpoints: readonly Int32Array[]): void {
    this.endpoints.all = endpoints;
  }

  close(_now: number): void {
    this.closed = true;
    this.session.stop();
    this.sayGoodbye(this.association);
  }

  // Inputs

  handleHandshake(type: number, datagram: Uint8Array, batch: PacketBatch, row: number, now: number): void {
    const isNew = this.session.handleMessage(type, datagram, batch, row, now);
    const { current } = this.association;
    if (!isNew || current === null) return;
    this.metering.handleSession();
    this.lease.request(current, now);
    this.wishes.change(now);
    this.runAssociation(this.association, now);
  }

  override handleTunPackets(batch: PacketBatch, now: number): void {
    super.handleTunPackets(batch, now);
    if (!this.session.want(now)) return;
    this.context.wake(this.association);
    this.rearm(now);
  }

  override handleSent(batch: PacketBatch, now: number): void {
    super.handleSent(batch, now);
    // By the timer: what comes of it must not stand in the batch that has just left.
    for (const path of this.association.paths)
      if (path?.row.wasRefused) this.timers.arm(this.association, now);
  }

  handleAuthentic(session: Session, now: number): boolean {
    this.session.handleAuthentic(session, now);
    return true;
  }

  handleAddress(_session: Session, body: Uint8Array, _source: Source, now: number): void {
    if (!this.lease.handleAnswer(body, now)) this.context.rejects.add('command');
  }

  /** The server goes, or has forgotten us: back to the handshake at once. */
  handleClose(session: Session, _reason: number, now: number): void {
    const wasCurrent = session === this.association.current;
    this.association.dropSession(session, now);
    if (wasCurrent) this.session.lose(now);
  }

  override handlePreferencesTaken(session: Session, body: Uint8Array): boolean {
    const number = readPreferencesTaken(body, 0, body.length);
    if (number >= 0 && session === this.association.current) this.wishes.handleTaken(number);
    return number >= 0;
  }

  handleNewPath(): void {}

  override handleUnwanted(path: Path, now: number): void {
    this.metering.handleUnwanted(path, now);
  }

  // Time

  protected override runAssociation(association: Association, now: number): void {
    if (this.closed) return;
    if (association.expire(now)) this.session.lose(now);
    if (this.metering.run(now)) association.choosePaths(now);
    this.session.run(now);
    const session = association.current;
    if (session !== null && now >= this.lease.dueMs) this.lease.request(session, now);
    super.runAssociation(association, now);
    if (session !== null && session === association.current) this.tellWishes(session, now);
    this.pathReports.report(this.association.paths);
  }

  protected override dueMs(association: Association, now: number): number {
    if (this.closed) return Number.POSITIVE_INFINITY;
    const due = Math.min(super.dueMs(association, now), this.session.dueMs(now), this.metering.dueMs(now));
    return association.current === null ? due : Math.min(due, this.lease.dueMs, this.wishes.dueMs);
  }

  override handlePathsChanged(session: Session, now: number): void {
    super.handlePathsChanged(session, now);
    this.pathReports.report(this.association.paths);
  }

  protected override get census(): Census {
    return { peerCount: 1, connectedCount: this.association.sessions.isAny ? 1 : 0 };
  }

  protected override *associations(): Iterable<Association> {
    yield this.association;
  }

  snapshot(now: number): Snapshot {
    const peer = {
      ...peerSnapshot(this.association, now),
      address: this.lease.assignment?.address ?? null,
      address6: this.lease.assignment?.address6 ?? null,
    };
    return {
      ...snapshot(this.context, [peer]),
      policy: this.association.steering.policy.name,
      tunName: this.tunName,
      uptimeMs: now - this.startedMs,
      publicKey: base64(this.publicKey),
      mtuBytes: this.lease.assignment?.mtuBytes ?? 0,
      tun: { offload: false, tso: false, uso: false },
    };
  }

  private tellWishes(session: Session, now: number): void {
    const body = this.wishes.poll(now);
    if (body !== null) this.commands.toAllPaths(session, body);
  }
}
