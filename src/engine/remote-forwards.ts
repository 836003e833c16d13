/**
 * The client's end of remote forwards (PROTOCOL.md §9): asks the server to listen, again when it does not (any more), and dials
 * for those who called there.
 */
import { News, type Stream, type Target } from '../proto/stream/stream.ts';
import { TerminateKind } from '../proto/wire/stream-commands.ts';
import type { Clock } from './clock.ts';
import type { Forward } from './messages.ts';
import type { Emit } from './role.ts';
import type { SocketDialer } from './socket-dialer.ts';
import type { PumpHost, StreamOwner } from './stream-owner.ts';
import { hostBytes, targetOf } from './target.ts';

/** The server was started anew and knows nothing of it; or it cannot go on. */
const AGAIN_MS = 1_000;
/** It said no: its owner may change his mind, a port may become free. Doubles to the cap. */
const AFTER_REFUSAL_MS = 30_000;
const AFTER_REFUSAL_MAX_MS = 600_000;

const REFUSALS: Partial<Record<TerminateKind, string>> = {
  [TerminateKind.DENIED]: 'the server does not allow it (its owner can: --allow-listen)',
  [TerminateKind.ADDRESS_IN_USE]: 'the port is in use at the server',
  [TerminateKind.UNREACHABLE]: 'the server does not have that address',
  [TerminateKind.LIMIT]: 'there are too many streams',
};

export interface RemoteForwardsParts {
  readonly clock: Clock;
  readonly host: PumpHost;
  /** Null = there are too many streams. */
  readonly open: (target: Target) => Stream | null;
  readonly dialer: SocketDialer;
  readonly emit: Emit;
}

export class RemoteForwards {
  private readonly forwards = new Map<string, RemoteForward>();

  constructor(private readonly parts: RemoteForwardsParts) {}

  get size(): number {
    return this.forwards.size;
  }

  /** The event `forward` follows as soon as the server has answered, and whenever its answer changes. */
  add(forward: Forward): void {
    const added = new RemoteForward(forward, this.parts);
    this.forwards.set(forward.id, added);
    added.ask();
  }

  /** Connections that are open stay. */
  remove(id: string): void {
    this.forwards.get(id)?.close();
    this.forwards.delete(id);
  }

  close(): void {
    for (const id of [...this.forwards.keys()]) this.remove(id);
  }

  /** Somebody has called at the server. */
  handleCaller(stream: Stream): void {
    const owner = stream.listening?.owner;
    if (owner instanceof RemoteForward) void this.parts.dialer.dial(stream, owner.target);
    else stream.terminate(TerminateKind.DENIED);
  }
}

class RemoteForward implements StreamOwner {
  /** Where callers are led, from here. */
  readonly target: Target;
  private stream: Stream | null = null;
  private readonly told: number[] = [];
  private refusalMs = AFTER_REFUSAL_MS;
  private stopTimer = () => {};

  constructor(
    private readonly forward: Forward,
    private readonly parts: RemoteForwardsParts,
  ) {
    this.target = targetOf(forward.protocol, forward.host, forward.port);
  }

  ask(): void {
    const { bindAddress, bindPort } = this.forward;
    const host = bindAddress === '' ? '*' : hostBytes(bindAddress);
    this.told.length = 0;
    this.stream = this.parts.open({ protocol: this.target.protocol, host, port: bindPort, listens: true });
    if (this.stream === null) {
      this.refused(TerminateKind.LIMIT);
      return;
    }
    this.stream.owner = this;
    this.parts.host.drain();
  }

  close(): void {
    this.stopTimer();
    this.stream?.terminate(TerminateKind.RESET);
    this.parts.host.drain();
  }

  handleNews(news: number): void {
    if (news & News.TERMINATED) this.handleEnd();
    else if (news & (News.READABLE | News.STARTED)) this.read();
  }

  /** The port, in two bytes; the server says nothing else, unless it wants to get rid of what was said. */
  private read(): void {
    const { stream, told } = this;
    for (let bytes = stream?.peek() ?? null; stream !== null && bytes !== null; bytes = stream.peek()) {
      const before = told.length;
      told.push(...bytes.subarray(0, 2 - before));
      stream.take(bytes.length, this.parts.host.nowMs);
      if (before === 2 || told.length < 2) continue;
      this.refusalMs = AFTER_REFUSAL_MS;
      const port = (told[0] << 8) | told[1];
      this.parts.emit({
        kind: 'forward',
        id: this.forward.id,
        state: 'listening',
        message: '',
        code: '',
        port,
      });
    }
  }

  private handleEnd(): void {
    const kind = this.stream?.endedBy ?? TerminateKind.RESET;
    this.stream = null;
    if (kind in REFUSALS) this.refused(kind);
    else {
      this.tell('waiting', '');
      this.askIn(AGAIN_MS);
    }
  }

  private refused(kind: TerminateKind): void {
    this.tell('refused', REFUSALS[kind] ?? '');
    this.askIn(this.refusalMs);
    this.refusalMs = Math.min(2 * this.refusalMs, AFTER_REFUSAL_MAX_MS);
  }

  private tell(state: 'waiting' | 'refused', message: string): void {
    this.parts.emit({ kind: 'forward', id: this.forward.id, state, message, code: '', port: 0 });
  }

  private askIn(delayMs: number): void {
    this.stopTimer = this.parts.clock.after(delayMs, () => this.ask());
  }
}
