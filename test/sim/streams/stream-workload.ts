/**
 * Opens streams as the plans say and plays the programs at both ends. A forward leads to a name that says which plan it is;
 * a remote one is opened by a caller whose port says it, where the server listens for the client.
 */
import { News, type Stream, type Target } from '../../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../../src/proto/wire/stream-commands.ts';
import type { EventQueue } from '../clock.ts';
import type { ClientHost } from '../host/client-host.ts';
import type { Host } from '../host/host.ts';
import type { ServerHost } from '../host/server-host.ts';
import type { StreamPlan } from '../scenario.ts';
import type { Trace } from '../trace.ts';
import { Violation } from '../watch/violation.ts';
import { StreamEnd } from './stream-end.ts';
import { StreamPair } from './stream-pair.ts';

const TCP = 6;
const TARGET_PORT = 7;
const CALLER = Uint8Array.of(203, 0, 113, 7);
/** A machine that is off, asleep or without a listening channel is asked again. */
const RETRY_MS = 500;

export class StreamWorkload {
  private readonly pairs: StreamPair[];
  /** What the server listens for, by client. */
  private readonly listening = new Map<string, Stream>();
  /** The client's own view of it. */
  private readonly listeners = new Map<ClientHost, Stream>();
  private isHurried = false;

  constructor(
    private readonly queue: EventQueue,
    private readonly trace: Trace,
    private readonly clients: readonly ClientHost[],
    private readonly server: ServerHost,
    plans: readonly StreamPlan[],
  ) {
    this.pairs = plans.map((plan, id) => new StreamPair(id, plan, clients[plan.client], server));
    if (plans.length === 0) return;
    for (const host of [server, ...clients])
      host.onStreamNews = (streams) => {
        for (const stream of streams) this.handleNews(host, stream);
      };
    for (const pair of this.pairs) this.schedule(pair);
  }

  /** True when all who use a stream know how it went. */
  get isSettled(): boolean {
    return this.pairs.every((pair) => pair.isSettled);
  }

  /** From now on everybody writes as fast as there is room. */
  hurry(): void {
    this.isHurried = true;
  }

  /** Ends that nobody has told anything. */
  get unsettled(): string[] {
    return this.pairs
      .flatMap(({ opener, target }) => [opener, target])
      .filter((end) => end !== null && !end.isSettled)
      .map((end) => `${end?.name}: wrote ${end?.written} of ${end?.toWrite}, read ${end?.received}`);
  }

  private schedule(pair: StreamPair): void {
    this.queue.at(pair.plan.startMs, () => this.open(pair));
    for (const [fromMs, toMs] of pair.plan.movesBetween ?? []) this.expectBytes(pair, fromMs, toMs);
  }

  private expectBytes(pair: StreamPair, fromMs: number, toMs: number): void {
    let before = 0;
    this.queue.at(fromMs, () => {
      before = pair.movedBytes;
    });
    this.queue.at(toMs, () => {
      if (pair.movedBytes === before)
        throw new Violation('stream-goes-on', `stream ${pair.id}: nothing in ${toMs - fromMs} ms`);
    });
  }

  private retry(run: () => void): void {
    this.queue.after(RETRY_MS, run);
  }

  // Opening

  private open(pair: StreamPair): void {
    const client = this.clients[pair.plan.client];
    const isOpen = pair.plan.kind === 'forward' ? this.openForward(pair, client) : this.call(pair, client);
    if (!isOpen) this.retry(() => this.open(pair));
  }

  private openForward(pair: StreamPair, client: ClientHost): boolean {
    if (!isAwake(client)) return false;
    const target = { protocol: TCP, host: `stream-${pair.id}.example`, port: TARGET_PORT };
    client.run(() => {
      const stream = client.client.openStream(target, client.clock.nowMs);
      if (stream === null) throw new Violation('stream-opens', `${client.name} has no room`);
      this.begin(pair, new StreamEnd(pair.id, 'opener', client, stream, pair.plan.upBytes));
    });
    return true;
  }

  /** Somebody calls at the server. False = it does not listen yet. */
  private call(pair: StreamPair, client: ClientHost): boolean {
    const { server } = this;
    this.listen(client);
    const listening = this.listening.get(client.name);
    if (!isAwake(server) || listening === undefined || !isListening(listening, server)) return false;
    let isOpen = false;
    server.run(() => {
      const stream = listening.openForCaller(CALLER, pair.id, server.clock.nowMs);
      if (stream === null) return;
      isOpen = true;
      this.begin(pair, new StreamEnd(pair.id, 'opener', server, stream, pair.plan.upBytes));
    });
    return isOpen;
  }

  /** The client asks the server to listen, unless it does. */
  private listen(client: ClientHost): void {
    const before = this.listeners.get(client);
    if ((before !== undefined && isListening(before, client)) || !isAwake(client)) return;
    client.run(() => {
      const where: Target = { protocol: TCP, host: '*', port: TARGET_PORT, listens: true };
      const stream = client.client.openStream(where, client.clock.nowMs);
      if (stream === null) return;
      stream.owner = client.core;
      this.listeners.set(client, stream);
    });
  }

  // What the cores say

  private handleNews(host: Host, stream: Stream): void {
    const { news } = stream;
    stream.news = 0;
    if (news & News.WANTED) this.handleWanted(host, stream);
    const end = stream.owner;
    if (!(end instanceof StreamEnd)) return;
    const pair = this.pairs[end.id];
    if (news & News.TERMINATED) {
      this.trace.note(this.queue.nowMs, host.name, `stream ${end.id} ${end.side} ended by ${stream.endedBy}`);
      pair.handleTerminated(end, stream.endedBy);
    } else this.serve(pair, end);
  }

  private handleWanted(host: Host, stream: Stream): void {
    const { target } = stream;
    if (target.listens) {
      stream.accept();
      stream.owner = host.core;
      this.listening.set(stream.peerName, stream);
      return;
    }
    const id = target.listener === undefined ? Number(/\d+/.exec(String(target.host))?.[0]) : target.port;
    const pair = this.pairs[id];
    if (pair.target !== null && !pair.target.isLost)
      throw new Violation('stream-opens', `stream ${id} was opened twice`);
    const core = host.core;
    this.queue.after(pair.plan.dialMs, () => this.dial(pair, host, stream, core));
  }

  /** The target's socket is open, or is not. */
  private dial(pair: StreamPair, host: Host, stream: Stream, core: object | null): void {
    if (host.core !== core || stream.phase === 'over') return;
    if (!isAwake(host)) {
      this.retry(() => this.dial(pair, host, stream, core));
      return;
    }
    const { refusal, downBytes } = pair.plan;
    host.run(() => {
      if (refusal !== null) {
        stream.terminate(refusal as TerminateKind);
        return;
      }
      stream.accept();
      this.begin(pair, new StreamEnd(pair.id, 'target', host, stream, downBytes));
    });
  }

  private begin(pair: StreamPair, end: StreamEnd): void {
    const { plan } = pair;
    end.stream.owner = end;
    pair.note(end);
    this.noteUse();
    this.trace.note(this.queue.nowMs, end.host.name, `stream ${end.id} ${end.side} begins`);
    if (plan.pause?.side === end.side) {
      end.isReading = false;
      this.later(end, plan.pause.ms, () => {
        end.isReading = true;
      });
    }
    if (plan.giveUp?.side === end.side) this.later(end, plan.giveUp.afterMs, () => end.giveUp());
    if (plan.everyMs > 0) this.later(end, plan.everyMs, () => this.tick(pair, end));
    this.serve(pair, end);
  }

  /** Runs `act` at the machine of that end when it can, unless the end is over by then. */
  private later(end: StreamEnd, ms: number, act: () => void): void {
    this.queue.after(ms, () => {
      if (end.isSettled) return;
      if (!isAwake(end.host)) this.later(end, RETRY_MS, act);
      else
        end.host.run(() => {
          act();
          this.serve(this.pairs[end.id], end);
        });
    });
  }

  private tick(pair: StreamPair, end: StreamEnd): void {
    if (!this.isHurried && this.mayWrite(pair, end)) end.write(pair.plan.chunkBytes);
    if (end.written < end.toWrite) this.later(end, pair.plan.everyMs, () => this.tick(pair, end));
  }

  private serve(pair: StreamPair, end: StreamEnd): void {
    const hasMoved = end.read(pair.peerOf(end));
    if (hasMoved) this.noteUse();
    if (!this.mayWrite(pair, end)) return;
    const isPaced = pair.plan.everyMs > 0 && !this.isHurried;
    const isAll = end.write(isPaced ? 0 : Number.POSITIVE_INFINITY);
    if (isAll && !end.hasEnded) end.end();
  }

  private noteUse(): void {
    for (const { busy } of [this.server, ...this.clients]) busy.noteStreams(this.queue.nowMs);
  }

  private mayWrite(pair: StreamPair, end: StreamEnd): boolean {
    return end.side === 'opener' || !pair.plan.answersAtEnd || end.sawEnd;
  }
}

/** A listening channel is its process's. */
function isListening(stream: Stream, host: Host): boolean {
  return stream.phase !== 'over' && stream.owner === host.core;
}

function isAwake(host: Host): boolean {
  return host.isRunning && !host.clock.isFrozen;
}

/** For plans that name kinds. */
export const REFUSALS: readonly TerminateKind[] = [
  TerminateKind.REFUSED,
  TerminateKind.UNREACHABLE,
  TerminateKind.UNKNOWN_NAME,
  TerminateKind.TIMED_OUT,
  TerminateKind.DENIED,
];
