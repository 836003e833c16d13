/** The server's end: many associations on one port, addresses for them, and forwarding between them. */
import { MAX_NEWCOMERS } from './admission.ts';
import type { Association } from './association/association.ts';
import type { Client } from './association/client-directory.ts';
import { base64 } from './base64.ts';
import type { ClientState, InviteState } from './client-state.ts';
import type { Source } from './command/source.ts';
import { CoreBase } from './core-base.ts';
import type { CoreOptions } from './core-context.ts';
import type { PacketBatch } from './packet-batch.ts';
import { PATHS_PER_PEER } from './packet-batch.ts';
import { PeerReports } from './peer-reports.ts';
import type { Routes } from './routes.ts';
import type { Census } from './sampler.ts';
import type { ServerAddressOptions } from './server-addresses.ts';
import { ServerClients } from './server-clients.ts';
import { ServerHandshake } from './server-handshake.ts';
import { serverRoutes } from './server-routes.ts';
import { Responder } from './session/responder.ts';
import type { Session } from './session/session.ts';
import type { Page, Snapshot } from './snapshot.ts';
import { peerSnapshot, snapshot } from './snapshots.ts';
import {
  ADDRESS_MESSAGE_MAX_BYTES,
  readAddressRequest,
  writeAddressAnswer,
  writeAddressRefusal,
} from './wire/address-message.ts';
import { CloseReason, writeClose } from './wire/commands.ts';
import { DatagramType } from './wire/datagram.ts';
import { formatIpv4 } from './wire/ip-text.ts';
import { PREFERENCES_TAKEN_BYTES, readPreferences, writePreferencesTaken } from './wire/preferences.ts';

/** Assumed until a path says otherwise: the outer packet size of the server's own link, bytes. */
const LINK_MTU_BYTES = 1500;
/** Leases last days: a minute late is early enough. */
const SWEEP_EVERY_MS = 60_000;

const EVERYBODY: Page = { from: 0, count: Number.POSITIVE_INFINITY };

/** Current, previous and pending session. */
const SESSIONS_PER_CLIENT = 3;

/** Rows of the path table and slots of the key table for so many clients, with room for those still at the door. */
export function serverTables(maxClients: number): { peers: number; sessions: number } {
  const peers = maxClients + MAX_NEWCOMERS;
  return { peers, sessions: SESSIONS_PER_CLIENT * peers };
}

export interface ServerCoreOptions extends Omit<CoreOptions, 'role' | 'maxSessions'>, ServerAddressOptions {
  readonly tunName: string;
  readonly privateKey: Uint8Array;
  readonly maxClients: number;
  /** Who may connect, from before the start. */
  readonly clients: readonly ClientState[];
}

export class ServerCore extends CoreBase {
  private readonly clients: ServerClients;
  private readonly handshake: ServerHandshake;
  private readonly responder: Responder;
  private readonly tunName: string;
  private readonly mtuBytes: number;
  private readonly startedMs: number;
  private nextSweepMs: number;
  private readonly reports: PeerReports;

  readonly routes: Routes;

  constructor(options: ServerCoreOptions, now: number) {
    super({ ...options, role: 'server', maxSessions: serverTables(options.maxClients).sessions });
    this.tunName = options.tunName;
    this.mtuBytes = options.mtuBytes;
    this.startedMs = now;
    this.responder = new Responder(options.primitives, options.privateKey);
    this.nextSweepMs = now + SWEEP_EVERY_MS;
    const { peers } = serverTables(options.maxClients);
    this.reports = new PeerReports(this.events, peers);
    this.clients = new ServerClients(this.context, { ...options, slots: peers });
    this.clients.restore(options.clients, now);
    const { directory, leases, byAddress } = this.clients;
    this.handshake = new ServerHandshake(this.context, this.responder, {
      directory,
      associationOf: (client) => this.clients.associationOf(client),
      handleConfirmed: (client, session, at) => this.handleConfirmed(client, session, at),
    });
    this.routes = serverRoutes({
      serverAddress: leases.serverAddress,
      prefixLength: leases.prefixLength,
      prefix6: options.pool6?.prefix ?? null,
      byAddress,
    });
  }

  // Commands

  /**
   * Adds a client or takes over what its owner changed about it: name, address, welcome. A revoked one is cut off at
   * once; one with another address has to ask for it. A `client` event tells how it is now.
   */
  putClient(state: ClientState, now: number): void {
    const publicKey = base64(state.publicKey);
    const isMoved = this.clients.put(state, now);
    if (state.revoked) this.cutOff(publicKey, CloseReason.REVOKED, now);
    else if (isMoved) this.cutOff(publicKey, CloseReason.RESTART, now);
    this.context.events.push({ kind: 'client', publicKey });
  }

  removeClient(publicKey: string, now: number): void {
    this.cutOff(publicKey, CloseReason.REVOKED, now);
    this.clients.remove(publicKey);
  }

  /** `expiresInMs`: Infinity = never. */
  putInvite(invite: InviteState, now: number): void {
    this.clients.putInvite(invite, now);
  }

  /** What has to outlive this process about a client; null = unknown. */
  clientState(publicKey: string, now: number): ClientState | null {
    return this.clients.state(publicKey, now);
  }

  close(now: number): void {
    for (const client of this.clients.directory.all()) {
      if (client.association === null) continue;
      this.sayGoodbye(client.association);
      this.context.events.push({ kind: 'client', publicKey: client.publicKey });
      this.clients.leases.touch(client.publicKey, now);
    }
  }

  // Inputs

  handleHandshake(type: number, datagram: Uint8Array, batch: PacketBatch, row: number, now: number): void {
    if (type === DatagramType.INITIATION) this.handshake.handleInitiation(datagram, batch, row, now);
    else this.context.rejects.add('handshake-unexpected');
  }

  handleAuthentic(session: Session, now: number): boolean {
    if (session.association.sessions.has(session) || this.handshake.confirm(session, now)) return true;
    // Its client was removed or revoked in the meantime.
    this.context.sessions.remove(session);
    return false;
  }

  handleAddress(session: Session, body: Uint8Array, source: Source, now: number): void {
    const request = readAddressRequest(body, 0, body.length);
    if (request === null) {
      this.context.rejects.add('command');
      return;
    }
    const { association } = session;
    const answer = new Uint8Array(ADDRESS_MESSAGE_MAX_BYTES);
    const { addresses } = this.clients;
    const outcome = this.clients.assign(association, request, now);
    const length = outcome.ok
      ? writeAddressAnswer(answer, 0, addresses.assignmentOf(outcome.address))
      : writeAddressRefusal(
          answer,
          0,
          outcome.refused,
          addresses.refusalText(outcome.refused, request.wanted),
        );
    this.answer(session, source, answer.subarray(0, length));
  }

  /** The client goes: its lease stays. */
  handleClose(session: Session, _reason: number, now: number): void {
    const { association } = session;
    // A late goodbye of an earlier session says nothing about the present one.
    if (session === association.current) {
      // Its process ends: nobody is left who knows its channels.
      association.streamsIfAny?.reset();
      this.endSessions(association, now);
    } else association.dropSession(session, now);
  }

  /** A late message of an earlier session, or of before the last change, is answered and not followed. */
  override handlePreferences(session: Session, body: Uint8Array, source: Source, now: number): boolean {
    const message = readPreferences(body, 0, body.length, this.context.policy);
    if (message === null) return false;
    const { association } = session;
    association.takePreferences(session, message.number, message.wish, now);
    this.context.wake(association);
    const answer = new Uint8Array(PREFERENCES_TAKEN_BYTES);
    writePreferencesTaken(answer, 0, message.number);
    this.answer(session, source, answer);
    return true;
  }

  /** Back over the way it came; over a known path it counts as sent there, as it will count as received there. */
  private answer(session: Session, { socket, words, at }: Source, body: Uint8Array): void {
    const path = session.association.findPath(socket, words, at);
    if (path !== null) this.commands.toPath(session, path, body);
    else this.commands.toAddress(session, socket, words, at, body);
  }

  handleNewPath(session: Session, pathId: number, source: Source, now: number): void {
    const { association } = session;
    const { socket, words, at } = source;
    // The same remote end under another id: the client numbers its paths anew.
    const other = association.findPath(socket, words, at);
    if (other !== null) association.closePath(other.id, now);
    association.openPath(pathId, socket, words, at, LINK_MTU_BYTES, '', now);
    this.reports.look(association);
    this.context.wake(association);
  }

  override handleDatagrams(batch: PacketBatch, now: number): number {
    const wanted = super.handleDatagrams(batch, now);
    this.handshake.work(now);
    this.rearm(now);
    return wanted;
  }

  override handleTimeout(now: number): void {
    this.handshake.work(now);
    this.handshake.expire(now);
    this.sweep(now);
    super.handleTimeout(now);
  }

  override get nextTimeoutMs(): number {
    return Math.min(super.nextTimeoutMs, this.handshake.nextMs, this.nextSweepMs);
  }

  protected override runAssociation(association: Association, now: number): void {
    if (association.expire(now)) this.endSessions(association, now);
    super.runAssociation(association, now);
    this.reports.look(association);
    this.removeIfUnused(association);
  }

  protected override dueMs(association: Association, now: number): number {
    if (!this.clients.has(association)) return Number.POSITIVE_INFINITY;
    return this.isUnused(association) ? now : super.dueMs(association, now);
  }

  override handlePathsChanged(session: Session, now: number): void {
    super.handlePathsChanged(session, now);
    this.reports.look(session.association);
  }

  protected override *associations(): Iterable<Association> {
    for (const { association } of this.clients.directory.all()) if (association !== null) yield association;
  }

  protected override get census(): Census {
    return { peerCount: this.clients.associationCount, connectedCount: this.reports.connectedCount };
  }

  snapshot(now: number, only?: readonly string[], { from, count }: Page = EVERYBODY): Snapshot {
    const peers = [];
    let at = 0;
    for (const association of this.associations()) {
      if (peers.length === count) break;
      if (only !== undefined && !only.includes(association.name)) continue;
      if (at++ < from) continue;
      const address6 = association.address6;
      peers.push({
        ...peerSnapshot(association, now),
        address: association.address4 === 0 ? null : formatIpv4(association.address4),
        address6: address6 === null ? null : this.clients.addresses.format6(association.address4),
      });
    }
    return {
      ...snapshot(this.context, peers),
      tunName: this.tunName,
      uptimeMs: now - this.startedMs,
      publicKey: base64(this.responder.publicKey),
      mtuBytes: this.mtuBytes,
      tun: { offload: false, tso: false, uso: false },
    };
  }

  // Associations

  private handleConfirmed(client: Client, session: Session, now: number): void {
    session.association.adopt(session, now);
    this.inbound.forgetPath();
    this.reports.look(session.association);
    this.clients.leases.touch(client.publicKey, now);
    this.context.wake(session.association);
    this.context.events.push({ kind: 'client', publicKey: client.publicKey });
  }

  /** Sessions and paths go, the lease stays until its time is over. */
  private endSessions(association: Association, now: number): void {
    const publicKey = association.key;
    association.dropSessions();
    for (let id = 0; id < PATHS_PER_PEER; id++) association.closePath(id, now);
    this.clients.leases.touch(publicKey, now);
    this.context.events.push({ kind: 'client', publicKey });
    this.reports.look(association);
    this.context.wake(association);
  }

  /** Ends the client's sessions, and says why on every path. */
  private cutOff(publicKey: string, reason: CloseReason, now: number): void {
    this.handshake.cancel(publicKey);
    const association = this.clients.directory.client(publicKey)?.association;
    if (!association) return;
    association.streamsIfAny?.reset();
    if (association.current !== null) this.sayClose(association, association.current, reason);
    if (association.sessions.isAny) this.endSessions(association, now);
  }

  /** By address: the paths are gone from the table before the driver sends. */
  private sayClose(association: Association, session: Session, reason: CloseReason): void {
    const body = new Uint8Array(2);
    writeClose(body, 0, reason);
    for (const path of association.paths)
      if (path !== null)
        this.commands.toAddress(session, path.row.socket, path.row.words, path.row.addressAt, body);
  }

  /** Frees the leases that nobody used for their time. */
  private sweep(now: number): void {
    if (now < this.nextSweepMs) return;
    this.nextSweepMs = now + SWEEP_EVERY_MS;
    this.clients.expireLeases(now);
  }

  /** Without session, lease and handshake under way an association is nothing. */
  private isUnused(association: Association): boolean {
    return (
      association.current === null &&
      association.address4 === 0 &&
      !this.handshake.hasPending(association.key)
    );
  }

  private removeIfUnused(association: Association): void {
    if (!this.clients.has(association) || !this.isUnused(association)) return;
    this.clients.removeAssociation(association);
  }
}
