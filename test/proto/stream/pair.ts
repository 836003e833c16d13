/**
 * Two ends of streams with a wire between them that loses, doubles, delays and cuts off, under virtual time; and applications
 * that write numbered bytes and check what they read. Nothing but the stream modules runs here.
 */
import type { Carrier } from '../../../src/proto/stream/carrier.ts';
import type { Budget } from '../../../src/proto/stream/limits.ts';
import { News, type Stream, type Target } from '../../../src/proto/stream/stream.ts';
import { Streams } from '../../../src/proto/stream/streams.ts';
import { Command, commandOf } from '../../../src/proto/wire/commands.ts';
import { COMMAND_CHANNEL, InteriorReader } from '../../../src/proto/wire/interior.ts';
import {
  isStartRequest,
  readStart,
  readStarted,
  readStop,
  readTerminate,
} from '../../../src/proto/wire/stream-commands.ts';

export interface WireSettings {
  readonly delayMs: number;
  readonly jitterMs: number;
  /** 0..1. */
  readonly loss: number;
  readonly duplicate: number;
  /** Bytes per millisecond; Infinity = unlimited. */
  readonly rate: number;
  /** Bytes that wait before they are dropped. */
  readonly queueBytes: number;
  readonly interiorBytes: number;
}

const CLEAN: WireSettings = {
  delayMs: 20,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  rate: Number.POSITIVE_INFINITY,
  queueBytes: 1e9,
  interiorBytes: 1_360,
};

export const TARGET: Target = { protocol: 6, host: Uint8Array.of(192, 0, 2, 80), port: 80 };

/** Deterministic, 0..1. */
export function dice(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function patternByte(channel: number, at: number): number {
  return (at * 31 + (at >>> 8) * 17 + channel * 7) & 0xff;
}

/** What one end's program does with a stream: writes so many bytes, ends, and reads what comes. */
export class Program {
  written = 0;
  received = 0;
  isEnded = false;
  endedBy: number | null = null;
  isReading = true;
  /** Bytes it takes at a time; Infinity = all. */
  gulp = Number.POSITIVE_INFINITY;

  constructor(
    private readonly pair: Pair,
    readonly stream: Stream,
    public toWrite: number,
    public endsAfter = true,
  ) {
    stream.owner = this;
  }

  get isDone(): boolean {
    return this.isEnded && this.written === this.toWrite;
  }

  write(): void {
    const { channel } = this.stream;
    while (this.written < this.toWrite) {
      const chunk = new Uint8Array(Math.min(16_384, this.toWrite - this.written));
      for (let i = 0; i < chunk.length; i++) chunk[i] = patternByte(channel, this.written + i);
      const taken = this.stream.write(chunk, 0, chunk.length);
      this.written += taken;
      if (taken < chunk.length) return;
    }
    if (this.endsAfter) this.stream.end();
  }

  read(): void {
    const { stream } = this;
    if (!this.isReading) return;
    let left = this.gulp;
    for (let bytes = stream.peek(); bytes !== null && left > 0; bytes = stream.peek()) {
      const length = Math.min(left, bytes.length);
      for (let i = 0; i < length; i++)
        if (bytes[i] !== patternByte(stream.channel, this.received + i))
          throw new Error(`byte ${this.received + i} of channel ${stream.channel} is wrong`);
      this.received += length;
      left -= length;
      stream.take(length, this.pair.nowMs);
    }
    if (!stream.isEnded) return;
    if (this.isEnded) return;
    this.isEnded = true;
    stream.take(0, this.pair.nowMs);
  }
}

export class End implements Carrier {
  readonly streams: Streams;
  readonly news: Stream[] = [];
  copies = 1;
  spread = 0;
  leader = 0;
  readonly bytes = new Uint8Array(2_048);
  private length = 0;
  /** What the peer's program does with a new stream. */
  onWanted: (stream: Stream) => void = () => {};

  constructor(
    readonly role: 'client' | 'server',
    private readonly pair: Pair,
    maxChannels?: number,
    memory?: Budget,
  ) {
    this.streams = new Streams({ role, carrier: this, news: this.news, maxChannels, memory });
  }

  interiorBytes(): number {
    return this.pair.settings.interiorBytes;
  }

  rttMs(): number {
    return 2 * this.pair.settings.delayMs;
  }

  begin(length: number): number {
    this.length = length;
    return 0;
  }

  finish(length: number, paths: number): void {
    if (length > this.length) throw new Error(`${length} bytes written where ${this.length} were begun`);
    this.pair.send(this, this.bytes.slice(0, length), paths);
  }

  wake(): void {
    this.pair.stir(this);
  }

  /** Carries, or not. */
  connect(copies: number, spread = 0): void {
    this.copies = copies;
    this.spread = spread;
    this.leader = copies === 0 ? -1 : 31 - Math.clz32(copies & -copies);
    this.streams.handlePathsChanged();
    this.pair.stir(this);
  }

  receive(datagram: Uint8Array): void {
    const reader = new InteriorReader();
    const now = this.pair.nowMs;
    reader.reset(datagram, 0, datagram.length, this.role === 'client');
    while (reader.next()) {
      const { dataOffset: at, dataLength: length } = reader;
      const isSound =
        reader.channel === COMMAND_CHANNEL
          ? this.command(datagram, at, length, now)
          : this.streams.handleData(reader.channel, reader.packetNumber, datagram, at, length, now);
      if (!isSound) this.pair.refused++;
    }
    if (!reader.ok) throw new Error('malformed interior');
  }

  private command(bytes: Uint8Array, at: number, length: number, now: number): boolean {
    const { streams } = this;
    switch (commandOf(bytes[at])) {
      case Command.START: {
        if (!isStartRequest(bytes, at, length))
          return streams.handleStarted(readStarted(bytes, at, length), now);
        const start = readStart(bytes, at, length);
        return start !== null && streams.handleStart(start, now);
      }
      case Command.STOP: {
        const stop = readStop(bytes, at, length);
        return stop !== null && streams.handleStop(stop, now);
      }
      case Command.TERMINATE: {
        const terminate = readTerminate(bytes, at, length);
        return terminate !== null && streams.handleTerminate(terminate);
      }
      case Command.ACK:
        return streams.handleAck(bytes, at, length, now);
      default:
        return false;
    }
  }

  handleNews(): void {
    for (const stream of this.news.splice(0)) {
      const { news } = stream;
      stream.news = 0;
      if (news & News.WANTED) this.onWanted(stream);
      const program = stream.owner as (Pick<Program, 'endedBy' | 'read'> & { write?(): void }) | null;
      if (program === null) continue;
      if (news & News.TERMINATED) program.endedBy = stream.endedBy;
      if (news & News.READABLE) program.read();
      if (news & News.WRITABLE) program.write?.();
    }
  }
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

export class Pair {
  nowMs = 0;
  settings: WireSettings;
  readonly client: End;
  readonly server: End;
  /** What an end would not take. */
  refused = 0;
  sentDatagrams = 0;
  sentBytes = 0;
  private readonly events: Event[] = [];
  private order = 0;
  private readonly roll: () => number;
  /** When each direction's bottleneck is free again, per path. */
  private readonly freeMs = new Map<string, number>();
  private readonly stirred = new Set<End>();

  /** `serverMemory`: what the server shares with its streams of other pairs. */
  constructor(
    seed: number,
    settings: Partial<WireSettings> = {},
    maxChannels?: number,
    serverMemory?: Budget,
  ) {
    this.settings = { ...CLEAN, ...settings };
    this.roll = dice(seed);
    this.client = new End('client', this, maxChannels);
    this.server = new End('server', this, maxChannels, serverMemory);
    for (const end of this.ends) end.connect(1);
  }

  get ends(): readonly End[] {
    return [this.client, this.server];
  }

  /** The client opens a stream and writes; the server's program does the same with its own. */
  exchange(up: number, down: number): { here: Program; there: () => Program | null } {
    const stream = this.client.streams.open(TARGET, this.nowMs);
    if (stream === null) throw new Error('no room');
    const here = new Program(this, stream, up);
    let there: Program | null = null;
    const before = this.server.onWanted;
    this.server.onWanted = (wanted) => {
      if (wanted.channel !== stream.channel) {
        before(wanted);
        return;
      }
      there = new Program(this, wanted, down);
      wanted.accept();
      there.write();
    };
    here.write();
    return { here, there: () => there };
  }

  stir(end: End): void {
    this.stirred?.add(end);
  }

  after(ms: number, run: () => void): void {
    this.events.push({ atMs: this.nowMs + ms, order: this.order++, run });
    this.events.sort((a, b) => b.atMs - a.atMs || b.order - a.order);
  }

  send(from: End, datagram: Uint8Array, paths: number): void {
    for (let path = 0; path < 8; path++) if (paths & (1 << path)) this.sendOver(from, datagram, path);
  }

  private sendOver(from: End, datagram: Uint8Array, path: number): void {
    const { delayMs, jitterMs, loss, duplicate, rate, queueBytes } = this.settings;
    const wireBytes = datagram.length + 56;
    this.sentDatagrams++;
    this.sentBytes += wireBytes;
    const key = `${from.role}${path}`;
    const startMs = Math.max(this.nowMs, this.freeMs.get(key) ?? 0);
    if ((startMs - this.nowMs) * rate > queueBytes) return;
    const leftMs = startMs + wireBytes / rate;
    this.freeMs.set(key, leftMs);
    const to = from === this.client ? this.server : this.client;
    for (let copy = this.roll() < duplicate ? 2 : 1; copy > 0; copy--) {
      if (this.roll() < loss) continue;
      this.after(leftMs - this.nowMs + delayMs + this.roll() * jitterMs, () => {
        if (!this.isCut(path)) to.receive(datagram);
      });
    }
  }

  /** `end` hears nothing for `asleepMs` after each `awakeMs`: what arrives meanwhile it hears at once, afterwards. */
  slumber(end: End, asleepMs: number, awakeMs: number): void {
    const receive = end.receive.bind(end);
    // A moment in which round trips look as short as they can be.
    let sleepsAtMs = 30;
    let wakesAtMs = 0;
    end.receive = (datagram) => {
      if (this.nowMs >= sleepsAtMs) {
        wakesAtMs = this.nowMs + asleepMs;
        sleepsAtMs = wakesAtMs + awakeMs;
      }
      if (this.nowMs < wakesAtMs) this.after(wakesAtMs - this.nowMs, () => receive(datagram));
      else receive(datagram);
    };
  }

  private readonly cuts = new Set<number>();

  /** Nothing arrives over `path` from now on, and nobody is told. */
  cut(path: number, isCut: boolean): void {
    if (isCut) this.cuts.add(path);
    else this.cuts.delete(path);
  }

  private isCut(path: number): boolean {
    return this.cuts.has(path);
  }

  /** Lets `ms` pass, or less: until `condition` holds. True when it did. */
  run(ms: number, condition: () => boolean = () => false): boolean {
    const untilMs = this.nowMs + ms;
    let turns = 0;
    let turnsMs = this.nowMs;
    for (;;) {
      if (this.nowMs > turnsMs + 1) {
        turns = 0;
        turnsMs = this.nowMs;
      }
      if (turns++ > 20_000) throw new Error(`busy at ${this.nowMs} ms`);
      this.settle();
      if (condition()) return true;
      const due = Math.min(
        this.events.at(-1)?.atMs ?? Number.POSITIVE_INFINITY,
        ...this.ends.map((end) => end.streams.dueMs(this.nowMs)),
      );
      if (due > untilMs) {
        this.nowMs = untilMs;
        return condition();
      }
      // Timers of the engine are late by up to a millisecond.
      const isEvent = this.events.length > 0 && (this.events.at(-1) as Event).atMs <= due;
      this.nowMs = Math.max(this.nowMs, isEvent ? due : due + this.roll());
      while (this.events.length > 0 && (this.events.at(-1) as Event).atMs <= this.nowMs)
        (this.events.pop() as Event).run();
      for (const end of this.ends)
        if (end.streams.dueMs(this.nowMs) <= this.nowMs) end.streams.flush(this.nowMs);
    }
  }

  private settle(): void {
    for (let rounds = 0; rounds < 1_000; rounds++) {
      for (const end of this.ends) end.handleNews();
      if (this.stirred.size === 0) return;
      const stirred = [...this.stirred];
      this.stirred.clear();
      for (const end of stirred) end.streams.flush(this.nowMs);
    }
    throw new Error('the ends do not come to rest');
  }
}
