/**
 * Commands about paths: probes and their answers, keep-alives, shares of a budget, calls; and from where they come, for that is
 * how the server learns that a path moved. Methods that return a boolean say false for what is malformed, or not for this side.
 */
import type { CoreContext } from '../core-context.ts';
import { type Candidate, isRepeat, note } from '../path/candidates.ts';
import type { Path } from '../path/path.ts';
import { isUsable } from '../path/path-state.ts';
import type { Prober } from '../path/prober.ts';
import type { Session } from '../session/session.ts';
import { copyAddress } from '../wire/address-words.ts';
import { readAllowance, readCallBack } from '../wire/commands.ts';
import { isKeepAlive, keepAlivePathId, keepAliveStamp } from '../wire/keep-alive.ts';
import { ANY_PATH, PROBE_REPLY_MAX_BYTES, Probe, ProbeReply } from '../wire/probe.ts';
import type { CommandSender } from './command-sender.ts';
import type { Source } from './source.ts';

/** A longer silence ends the session. */
const MAX_CALL_BACK_S = 150;

export interface PathHooks {
  /** The client speaks of a path the server has not seen yet; the client ignores such a thing. */
  handleNewPath(session: Session, pathId: number, source: Source, now: number): void;
  /** Something about the paths changed: masks, timers and events follow. */
  handlePathsChanged(session: Session, now: number): void;
  /** Something came over a path whose budget is used up. */
  handleUnwanted(path: Path, now: number): void;
}

export class PathCommands {
  private readonly probe = new Probe();
  private readonly reply = new ProbeReply();

  constructor(
    private readonly context: CoreContext,
    private readonly commands: CommandSender,
    private readonly prober: Prober,
    private readonly hooks: PathHooks,
  ) {}

  handleProbe(session: Session, path: Path | null, source: Source, body: Uint8Array, now: number): boolean {
    const probe = this.probe;
    if (!probe.read(body, 0, body.length)) return false;
    const isChallenge = probe.pathId === ANY_PATH;
    // Only over a path can the server ask which one it is.
    if (isChallenge && (this.context.isServer || path === null)) return true;
    if (!this.context.isServer) path?.handleAsked(now);
    const named = isChallenge ? path : this.locate(session, path, probe.pathId, source, now);
    if (!isChallenge) named?.inflow.handleReport(probe.sent, probe.stampMicros, now);
    const reply = this.reply;
    reply.pathId = isChallenge ? (path as Path).id : probe.pathId;
    reply.tokenHigh = probe.tokenHigh;
    reply.tokenLow = probe.tokenLow;
    reply.stampMicros = probe.stampMicros;
    reply.sent = probe.sent;
    reply.received = named?.inflow.datagrams ?? 0;
    copyAddress(source.words, source.at, reply.observed, 0);
    const answer = new Uint8Array(PROBE_REPLY_MAX_BYTES);
    this.answer(session, path, source, answer.subarray(0, reply.write(answer, 0)), now);
    return true;
  }

  handleReply(session: Session, body: Uint8Array, now: number): boolean {
    const reply = this.reply;
    if (!reply.read(body, 0, body.length)) return false;
    const { association } = session;
    const high = reply.tokenHigh | 0;
    const low = reply.tokenLow | 0;
    const unnamed = association.candidates.settleUnnamed(high, low, now);
    const path = association.paths[reply.pathId];
    // An answer that comes too late or to nothing we asked is no fault of the format.
    if (path === null || path === undefined) return true;
    const moved = unnamed ?? association.candidates.settle(reply.pathId, high, low, now);
    if (moved !== null) {
      path.setAddress(moved.socket, moved.words, 0);
      path.handleHandshake(now);
    } else if (!path.handleAnswer(high, low, now)) return true;
    // That challenge went over no path, so it says nothing of what was sent over this one.
    if (unnamed === null) path.handleReport(reply.sent, reply.received, now);
    path.handleObserved(reply.observed);
    this.hooks.handlePathsChanged(session, now);
    return true;
  }

  handleKeepAlive(
    session: Session,
    path: Path | null,
    source: Source,
    body: Uint8Array,
    now: number,
  ): boolean {
    if (!isKeepAlive(body, 0, body.length)) return false;
    const pathId = keepAlivePathId(body, 0);
    if (this.context.isServer) {
      this.locate(session, path, pathId, source, now);
      this.answer(session, path, source, body, now);
      return true;
    }
    const mine = session.association.paths[pathId];
    if (mine && this.prober.handleKeepAliveEcho(mine, keepAliveStamp(body, 0), now))
      this.hooks.handlePathsChanged(session, now);
    return true;
  }

  /** The client says what may still be sent to it over a metered path. */
  handleAllowance(session: Session, body: Uint8Array, now: number): boolean {
    const share = readAllowance(body, 0, body.length);
    if (share === null || !this.context.isServer) return false;
    const { association } = session;
    // Late, of another session or of another life: what was said since counts.
    if (session !== association.current || share.pathId >= association.paths.length) return true;
    const allowance = association.allowanceOf(share.pathId);
    if (!allowance.isNews(session, share.number)) return true;
    const isFree = share.allowedBytes >= Number.MAX_SAFE_INTEGER;
    allowance.grant(isFree ? Number.POSITIVE_INFINITY : share.allowedBytes);
    const path = association.paths[share.pathId];
    if (path !== null) path.isExhausted = allowance.isNothing;
    this.hooks.handlePathsChanged(session, now);
    return true;
  }

  /** The client wants to know whether its NAT still lets us through after so much silence. */
  handleCallBack(session: Session, path: Path | null, body: Uint8Array, now: number): boolean {
    const wish = readCallBack(body, 0, body.length);
    if (wish === null || !this.context.isServer) return false;
    if (path === null || path.id !== wish.pathId || path.state !== 'up') return true;
    path.schedule.callAt(now + 1_000 * Math.min(MAX_CALL_BACK_S, wish.seconds));
    this.context.wake(session.association);
    return true;
  }

  /** The path that the peer calls `pathId`; learns it, moves it or challenges its new address. */
  private locate(
    session: Session,
    path: Path | null,
    pathId: number,
    source: Source,
    now: number,
  ): Path | null {
    const { association } = session;
    if (pathId >= association.paths.length) return null;
    const named = association.paths[pathId];
    if (named === null) {
      this.hooks.handleNewPath(session, pathId, source, now);
      return association.paths[pathId];
    }
    if (path === named) {
      // What came from there pays for the next probe to there.
      if (!isUsable(named.state)) this.context.wake(association);
      return named;
    }
    const { socket, words, at } = source;
    if (!this.context.isServer && named.row.socket !== socket) return named;
    // The client knows where the server is: it moves nowhere without an answer from there. Nor does a path move under answers
    // that wait in the outbox to leave over it: they are for the address that asked.
    if (this.context.isServer && !isUsable(named.state) && this.context.outbox.batch.count === 0) {
      named.setAddress(socket, words, at);
      named.revalidate(now);
      this.hooks.handlePathsChanged(session, now);
    } else
      this.challenge(
        session,
        association.candidates.find(pathId, socket, words, at, now),
        named,
        source,
        now,
      );
    return named;
  }

  /**
   * Server: an IP packet came from an address that is no path's. A NAT that forgot must not cost the time until the next
   * probe, so the address is asked at once, and asked which path it is.
   */
  handleStray(session: Session, source: Source, now: number): void {
    const { association } = session;
    if (!this.context.isServer || session !== association.current) return;
    const { socket, words, at } = source;
    this.challenge(session, association.candidates.findUnnamed(socket, words, at, now), null, source, now);
  }

  private challenge(
    session: Session,
    candidate: Candidate | null,
    named: Path | null,
    { socket, words, at }: Source,
    now: number,
  ): void {
    if (candidate === null) return;
    const token = isRepeat(candidate, socket, words, at, now) ? candidate : undefined;
    const body = this.prober.body(named, now, token);
    note(candidate, socket, words, at, this.prober.lastToken, now);
    this.commands.toAddress(session, socket, words, at, body);
  }

  /**
   * Back over the way it came, in the newest session: the one a command came in may be on its way out. Over a known path the
   * answer counts as sent on it, as it will count as received there.
   */
  private answer(session: Session, path: Path | null, source: Source, body: Uint8Array, now: number): void {
    const sending = session.association.current ?? session;
    // Nothing crosses a path whose budget is used up, not even an answer.
    if (path?.isExhausted) this.hooks.handleUnwanted(path, now);
    else if (path !== null) this.commands.toPath(sending, path, body);
    else this.commands.toAddress(sending, source.socket, source.words, source.at, body);
  }
}
