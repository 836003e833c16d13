/**
 * Connections that `--persist` takes and whose target has not answered yet. The first packet (SYN) of each is held; a stream asks the
 * target, and what it says is what the program sees:
 *
 *   it answers           the SYN goes on to the listener, and the connection that comes of it is joined with the stream
 *   refused, no way, …   the kernel answers with a reset or an ICMP error in its stead
 *   silence              silence; whoever asked repeats the SYN, and gives up when it wants
 */
import type { Socket } from 'node:net';
import { News, type Stream, type Target } from '../proto/stream/stream.ts';
import { Protocol, TerminateKind } from '../proto/wire/stream-commands.ts';
import type { Clock } from './clock.ts';
import type { PumpHost, StreamOwner } from './stream-owner.ts';
import { connectionKey, readSyn, type SynPacket } from './syn-packet.ts';
import type { SynPort } from './syn-port.ts';
import { addressBytes } from './target.ts';

/** Marks of what is given back to the kernel. */
export interface SynMarks {
  /** On to the listener. */
  readonly onward: number;
  /** The marks behind it have the kernel answer: see `ANSWERS`. */
  readonly answer: number;
}

export interface HeldSynsOptions {
  readonly host: PumpHost;
  readonly clock: Pick<Clock, 'after'>;
  /** Null = there are too many. */
  readonly open: (target: Target) => Stream | null;
  readonly port: Pick<SynPort, 'send'>;
  readonly marks: SynMarks;
}

/**
 * Half of the channels. Beyond it a connection is taken at once, and its target asked afterwards: a flood of packets from nowhere ends
 * in the kernel, which asks senders to prove themselves, and does not take the channels of those that can.
 */
const MAX_WAITING = 512;
const SWEEP_MS = 1_000;
/** Whoever still wants a connection repeats the SYN: after 3 s at most (RFC 6298 §5.7), and each time after twice as long at most. */
const FIRST_PATIENCE_MS = 4_000;
const PATIENCE_FACTOR = 2.5;

/** What `scripts/persist.sh` has the kernel answer, as what is added to `SynMarks.answer`. */
const ANSWERS: Partial<Record<TerminateKind, number>> = {
  [TerminateKind.REFUSED]: 1,
  [TerminateKind.UNREACHABLE]: 2,
  [TerminateKind.NETWORK_UNREACHABLE]: 3,
  [TerminateKind.DENIED]: 4,
};

export class HeldSyns {
  private readonly held = new Map<string, HeldSyn>();
  /** Of these, whose connections have come in. */
  private joined = 0;
  private stopSweep: (() => void) | null = null;

  constructor(private readonly options: HeldSynsOptions) {}

  get size(): number {
    return this.held.size;
  }

  /** The head of a packet as the firewall logged it; valid during the call. */
  handleHead(head: Uint8Array): void {
    const syn = readSyn(head);
    if (syn === null) return;
    const known = this.held.get(syn.key);
    if (known !== undefined) known.handleRepeat(syn);
    else if (this.held.size - this.joined >= MAX_WAITING) this.giveBack(syn, this.options.marks.onward);
    else this.begin(syn);
    this.options.host.drain();
  }

  /** The stream that was opened for a connection that has come in; undefined = none was. */
  take(socket: Socket): Stream | undefined {
    const key = keyOf(socket);
    const found = this.held.get(key);
    if (found === undefined || found.state === 'joined') return undefined;
    found.state = 'joined';
    this.joined++;
    socket.once('close', () => this.forget(found));
    return found.stream;
  }

  close(): void {
    this.stopSweep?.();
    this.stopSweep = null;
    this.held.clear();
  }

  private begin(syn: SynPacket): void {
    const { host, open } = this.options;
    const stream = open(targetOf(syn));
    // As by a host that is too busy: the repeated SYN may find room.
    if (stream === null) return;
    const held = new HeldSyn(syn, stream, host, {
      reopen: () => open(targetOf(syn)),
      goOn: (packet) => this.giveBack(packet, this.options.marks.onward),
      refuse: (packet, kind) => this.refuse(packet, kind),
      forget: () => this.forget(held),
    });
    this.held.set(syn.key, held);
    this.sweepLater();
  }

  /** No answer is an answer, too. */
  private refuse(syn: SynPacket, kind: TerminateKind): void {
    const answer = ANSWERS[kind];
    if (answer !== undefined) this.giveBack(syn, this.options.marks.answer + answer);
  }

  private giveBack({ family, packet }: SynPacket, mark: number): void {
    this.options.port.send(family, packet, mark);
  }

  private forget(held: HeldSyn): void {
    if (this.held.get(held.syn.key) !== held) return;
    this.held.delete(held.syn.key);
    if (held.state === 'joined') this.joined--;
  }

  private sweepLater(): void {
    this.stopSweep ??= this.options.clock.after(SWEEP_MS, () => this.sweep());
  }

  /** Nobody asks any more: the target is spared a connection that leads nowhere. */
  private sweep(): void {
    this.stopSweep = null;
    let isWaiting = false;
    for (const held of this.held.values()) {
      if (held.state === 'joined') continue;
      if (held.isAbandoned) {
        this.forget(held);
        held.stream.terminate(TerminateKind.RESET);
      } else isWaiting = true;
    }
    if (isWaiting) this.sweepLater();
    this.options.host.drain();
  }
}

interface HeldSynActions {
  reopen(): Stream | null;
  goOn(syn: SynPacket): void;
  refuse(syn: SynPacket, kind: TerminateKind): void;
  forget(): void;
}

class HeldSyn implements StreamOwner {
  /** `asked`: the target was. `answered`: it has; the connection is on its way to the listener. */
  state: 'asked' | 'answered' | 'joined' = 'asked';
  private seenMs: number;
  private patienceMs = FIRST_PATIENCE_MS;
  /** Since the last SYN. */
  private wasReopened = false;

  constructor(
    public syn: SynPacket,
    public stream: Stream,
    private readonly host: PumpHost,
    private readonly actions: HeldSynActions,
  ) {
    this.seenMs = host.nowMs;
    stream.owner = this;
  }

  get isAbandoned(): boolean {
    return this.host.nowMs - this.seenMs > this.patienceMs;
  }

  /** The same once more, or another attempt from the same port: the kernel knows how to take either. */
  handleRepeat(syn: SynPacket): void {
    const { nowMs } = this.host;
    this.patienceMs = Math.max(FIRST_PATIENCE_MS, PATIENCE_FACTOR * (nowMs - this.seenMs));
    this.seenMs = nowMs;
    this.syn = syn;
    this.wasReopened = false;
    if (this.state !== 'asked') this.actions.goOn(syn);
  }

  handleNews(news: number): void {
    if (this.state !== 'asked') return;
    // One that was cut off at once may say only that.
    if (news & News.STARTED || this.stream.endedBy === TerminateKind.RESET) {
      this.state = 'answered';
      this.seenMs = this.host.nowMs;
      this.patienceMs = FIRST_PATIENCE_MS;
      this.actions.goOn(this.syn);
    } else if (news & News.TERMINATED) this.handleEnd(this.stream.endedBy);
  }

  private handleEnd(kind: TerminateKind | null): void {
    // The server was started anew meanwhile: it has not heard of this one.
    const again = kind === TerminateKind.GONE && !this.wasReopened ? this.actions.reopen() : null;
    if (again !== null) {
      this.wasReopened = true;
      this.stream = again;
      again.owner = this;
      return;
    }
    this.actions.forget();
    if (kind !== null) this.actions.refuse(this.syn, kind);
  }
}

function targetOf({ host, port }: SynPacket): Target {
  return { protocol: Protocol.TCP, host, port };
}

/** '' for a socket that is closed already. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  if (remoteAddress === undefined || localAddress === undefined) return '';
  return connectionKey(
    addressBytes(remoteAddress),
    remotePort ?? 0,
    addressBytes(localAddress),
    localPort ?? 0,
  );
}
