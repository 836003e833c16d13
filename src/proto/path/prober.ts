/** Carries out what the paths of an association want: probes, keep-alives, MTU probes. */
import type { Association } from '../association/association.ts';
import type { CommandSender } from '../command/command-sender.ts';
import type { RandomBytes } from '../ports.ts';
import type { Session } from '../session/session.ts';
import { CALL_BACK_BYTES, writeCallBack } from '../wire/commands.ts';
import { readU32 } from '../wire/integers.ts';
import { KEEP_ALIVE_BYTES, writeKeepAlive } from '../wire/keep-alive.ts';
import { ANY_PATH, PROBE_BYTES, Probe } from '../wire/probe.ts';
import { stampUs } from './delay-trend.ts';
import type { Path } from './path.ts';

/** Marks keep-alives in the probe log; random tokens of probes hardly ever equal a pair with it. */
const KEEP_ALIVE_TOKEN = -1;

/** 64 random bits. */
export interface ProbeToken {
  readonly tokenHigh: number;
  readonly tokenLow: number;
}

export class Prober {
  private readonly message = new Probe();

  constructor(
    private readonly commands: CommandSender,
    private readonly random: RandomBytes,
  ) {}

  /** Does what is due on every path; true when a path changed its state or its MTU. */
  run(association: Association, now: number): boolean {
    const session = association.current;
    if (session === null) return false;
    const active = association.activity.isActive(now);
    let changed = false;
    for (const path of association.paths) {
      if (path === null) continue;
      const { state } = path;
      const { mtuBytes } = path.mtu;
      this.runPath(session, path, now, active);
      if (path.state !== state || path.mtu.mtuBytes !== mtuBytes) changed = true;
    }
    return changed;
  }

  /** When `run` has to be called next. */
  dueMs(association: Association, now: number): number {
    if (association.current === null) return Number.POSITIVE_INFINITY;
    const active = association.activity.isActive(now);
    let due = Number.POSITIVE_INFINITY;
    for (const path of association.paths) if (path !== null) due = Math.min(due, path.dueMs(now, active));
    return due;
  }

  /** A probe to `path`; `sizeBytes` > 0: padded to that outer packet size. */
  probe(session: Session, path: Path, sizeBytes: number, now: number, active: boolean): void {
    const body = this.body(path, now);
    const datagramBytes = sizeBytes > 0 ? sizeBytes - path.row.outerHeaderBytes : 0;
    if (!this.commands.toPath(session, path, body, datagramBytes)) return;
    path.handleProbeSent(this.message.tokenHigh | 0, this.message.tokenLow | 0, sizeBytes, now, active);
  }

  /** Token of the last probe written, int32 words. */
  get lastToken(): ProbeToken {
    return { tokenHigh: this.message.tokenHigh | 0, tokenLow: this.message.tokenLow | 0 };
  }

  /** The body of a probe for `path` (null: for an address of an unknown one); `lastToken` is its token, a fresh one unless given. */
  body(path: Path | null, now: number, token: ProbeToken = this.freshToken()): Uint8Array {
    const message = this.message;
    message.pathId = path?.id ?? ANY_PATH;
    message.tokenHigh = token.tokenHigh;
    message.tokenLow = token.tokenLow;
    message.stampMicros = stampUs(now);
    message.sent = path === null ? 0 : path.row.sentDatagrams + 1;
    message.received = path?.inflow.datagrams ?? 0;
    const body = new Uint8Array(PROBE_BYTES);
    message.write(body, 0);
    return body;
  }

  private freshToken(): ProbeToken {
    const token = this.random(8);
    return { tokenHigh: readU32(token, 0), tokenLow: readU32(token, 4) };
  }

  private runPath(session: Session, path: Path, now: number, active: boolean): void {
    switch (path.poll(now, active)) {
      case 'probe':
        this.probe(session, path, 0, now, active);
        break;
      case 'mtu-probe':
        this.probe(session, path, path.mtuProbeBytes(now, active), now, active);
        break;
      case 'keep-alive': {
        const stamp = stampUs(now);
        const body = new Uint8Array(KEEP_ALIVE_BYTES);
        writeKeepAlive(body, 0, path.id, stamp);
        if (!this.commands.toPath(session, path, body)) return;
        path.handleProbeSent(stamp | 0, KEEP_ALIVE_TOKEN, 0, now, active);
        this.askForCall(session, path, now);
        break;
      }
      case 'none':
    }
  }

  /** An idle path tries how much silence its NAT tolerates. */
  private askForCall(session: Session, path: Path, now: number): void {
    const silenceMs = path.beginTrial(now);
    if (silenceMs === 0) return;
    const body = new Uint8Array(CALL_BACK_BYTES);
    writeCallBack(body, 0, path.id, silenceMs / 1_000);
    this.commands.toPath(session, path, body);
  }

  /** The echo of a keep-alive with this stamp came back over `path`. */
  handleKeepAliveEcho(path: Path, stamp: number, now: number): boolean {
    return path.handleAnswer(stamp | 0, KEEP_ALIVE_TOKEN, now);
  }
}
