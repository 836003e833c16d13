/** Terminations, said again until the peer confirms them, and answers to channels that are over. */
import {
  TERMINATE_MAX_BYTES,
  type Terminate,
  TerminateKind,
  writeTerminate,
} from '../wire/stream-commands.ts';
import type { PacketWriter } from './packet-writer.ts';

/** Answers to unknown channels that wait; the peer asks again anyway. */
const MAX_GONE = 64;
/** A termination is said again after this, doubling to the cap, until the peer confirms it. */
const REPEAT_MS = 500;
const REPEAT_MAX_MS = 30_000;

interface Farewell {
  readonly kind: TerminateKind;
  repeatMs: number;
  dueMs: number;
}

export class Farewells {
  private readonly byChannel = new Map<number, Farewell>();
  private gone: number[] = [];

  constructor(private readonly writer: PacketWriter) {}

  /** Terminations that are not confirmed. */
  get size(): number {
    return this.byChannel.size;
  }

  get isQuiet(): boolean {
    return this.byChannel.size === 0 && this.gone.length === 0;
  }

  say(channel: number, kind: TerminateKind): void {
    this.byChannel.set(channel, { kind, repeatMs: REPEAT_MS, dueMs: Number.NEGATIVE_INFINITY });
  }

  /** The peer still speaks on the channel: it is told at once. False = there is no such termination. */
  hurry(channel: number): boolean {
    const farewell = this.byChannel.get(channel);
    if (farewell === undefined) return false;
    farewell.dueMs = Number.NEGATIVE_INFINITY;
    return true;
  }

  /** The peer knows. */
  confirm(channel: number): void {
    this.byChannel.delete(channel);
  }

  answerGone(channel: number): void {
    if (this.gone.length < MAX_GONE && !this.gone.includes(channel)) this.gone.push(channel);
  }

  clear(): void {
    this.byChannel.clear();
    this.gone = [];
  }

  get dueMs(): number {
    let due = this.gone.length > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    for (const farewell of this.byChannel.values()) due = Math.min(due, farewell.dueMs);
    return due;
  }

  flush(rttMs: number, now: number): void {
    for (const channel of this.gone) this.send({ channel, kind: TerminateKind.GONE }, now);
    this.gone = [];
    for (const [channel, farewell] of this.byChannel) {
      if (now < farewell.dueMs) continue;
      this.send({ channel, kind: farewell.kind }, now);
      farewell.dueMs = now + Math.max(farewell.repeatMs, 2 * rttMs);
      farewell.repeatMs = Math.min(REPEAT_MAX_MS, 2 * farewell.repeatMs);
    }
  }

  private send(terminate: Terminate, now: number): void {
    this.writer.command(TERMINATE_MAX_BYTES, now, (bytes, at) => writeTerminate(bytes, at, terminate));
  }
}
