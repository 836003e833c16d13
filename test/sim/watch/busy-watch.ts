/** No machine is woken by its own timers more often than its work can explain. */
import { Violation } from './violation.ts';

/** Per peer: 8 paths probed each 100 ms, size probes and handshakes among them. */
const PER_SECOND = 120;
/** Per peer, while bytes of streams come: their pace is kept packet by packet. */
const PER_STREAM_SECOND = 2_500;
const STREAM_PAUSE_MS = 2_000;
/** Per peer, in a minute without traffic or change: keep-alives on every path, and the probes that 30 % loss makes of them. */
const PER_IDLE_MINUTE = 150;
/** Per link, both ways, IP headers included: in the first minute of an outage a handshake each second, where keep-alives take 500. */
const BYTES_PER_IDLE_MINUTE = 25_000;

export class BusyWatch {
  private second = 0;
  private inSecond = 0;
  private minuteMs = 60_000;
  private inMinute = 0;
  private disturbedMs = 0;
  private minuteBytes = 0;
  /** That are counted, and what crossed them so far. */
  links = 0;
  crossedBytes: () => number = () => 0;
  /** Stream packets that this machine has sent so far: each may have waited for its turn. */
  sentStreamPackets: () => number = () => 0;
  private sentBefore = 0;
  private streamsMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly name: string,
    private readonly peers: number,
  ) {}

  /** Traffic, or a change anywhere near: no idle minute begins before this. */
  disturb(nowMs: number): void {
    this.disturbedMs = nowMs;
    this.minuteMs = nowMs + 60_000;
    this.inMinute = 0;
  }

  /** Bytes of a stream have come. */
  noteStreams(nowMs: number): void {
    this.streamsMs = nowMs;
    this.disturb(nowMs);
  }

  /** A timer fired. */
  note(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.inSecond = 0;
      this.sentBefore = this.sentStreamPackets();
    }
    const perPeer = nowMs - this.streamsMs < STREAM_PAUSE_MS ? PER_STREAM_SECOND : PER_SECOND;
    const most = perPeer * (this.peers + 1);
    if (++this.inSecond > most && this.inSecond > most + this.sentStreamPackets() - this.sentBefore)
      throw new Violation('no-busy-loop', `${this.name}: ${this.inSecond} timers in second ${second}`);
    this.noteIdle(nowMs);
  }

  private noteIdle(nowMs: number): void {
    if (nowMs < this.minuteMs) return;
    if (nowMs >= this.minuteMs + 60_000) {
      this.minuteMs = nowMs;
      this.inMinute = 0;
    }
    if (this.inMinute === 0) this.minuteBytes = this.crossedBytes();
    this.checkBytes(nowMs);
    if (++this.inMinute > PER_IDLE_MINUTE * (this.peers + 1)) {
      const idle = Math.round((nowMs - this.disturbedMs) / 1000);
      throw new Violation(
        'idle-is-quiet',
        `${this.name}: ${this.inMinute} timers within a minute, idle for ${idle} s`,
      );
    }
  }

  private checkBytes(nowMs: number): void {
    const bytes = this.crossedBytes() - this.minuteBytes;
    if (this.links === 0 || bytes <= BYTES_PER_IDLE_MINUTE * this.links) return;
    const idle = Math.round((nowMs - this.disturbedMs) / 1000);
    throw new Violation('idle-is-quiet', `${this.name}: ${bytes} bytes within a minute, idle for ${idle} s`);
  }
}
