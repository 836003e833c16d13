import { describe, expect, it } from 'vitest';
import { PathLoad } from '../../../src/proto/path/path-load.ts';

const PACKET_BYTES = 1_400;

/** A bottleneck with a queue without end, in front of a delay; probes every 25 ms. */
class Bottleneck {
  readonly load = new PathLoad();
  nowMs = 0;
  private freeMs = 0;
  private readonly arrivals: { atMs: number; bytes: number }[] = [];
  private readonly answers: { atMs: number; sentMs: number; mark: number }[] = [];
  private nextProbeMs = 0;

  constructor(
    private readonly bytesPerMs: number,
    private readonly rttMs: number,
  ) {}

  /** Offers `bytesPerMs` for a while. */
  offer(bytesPerMs: number, forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (let owed = 0; this.nowMs < endMs; this.nowMs++) {
      for (owed += bytesPerMs; owed >= PACKET_BYTES; owed -= PACKET_BYTES) this.send(PACKET_BYTES);
      if (this.nowMs >= this.nextProbeMs) this.probe();
      this.settle();
    }
  }

  get queueMs(): number {
    return Math.max(0, this.freeMs - this.nowMs);
  }

  private send(bytes: number): number {
    this.load.commit(bytes, this.nowMs);
    this.freeMs = Math.max(this.freeMs, this.nowMs) + bytes / this.bytesPerMs;
    this.arrivals.push({ atMs: this.freeMs + this.rttMs, bytes });
    return this.freeMs;
  }

  private probe(): void {
    this.nextProbeMs = this.nowMs + 25;
    const mark = this.load.committedBytes;
    this.answers.push({ atMs: Math.max(this.freeMs, this.nowMs) + this.rttMs, sentMs: this.nowMs, mark });
  }

  private settle(): void {
    while (this.answers.length > 0 && this.answers[0].atMs <= this.nowMs) {
      const { sentMs, mark } = this.answers.shift() as { sentMs: number; mark: number };
      this.load.handleRtt(this.nowMs - sentMs, mark, this.nowMs);
      let bytes = 0;
      while (this.arrivals.length > 0 && this.arrivals[0].atMs <= this.nowMs)
        bytes += (this.arrivals.shift() as { bytes: number }).bytes;
      this.load.handleDelivery(bytes, this.load.committedBytes, this.nowMs);
    }
  }
}

describe('the load of a path', () => {
  it('finds what the bottleneck takes, once it is offered more', () => {
    const link = new Bottleneck(1_250, 20);
    link.offer(1_500, 1_000);
    expect(link.load.capacity).toBeGreaterThan(1_150);
    expect(link.load.capacity).toBeLessThan(1_350);
    expect(link.load.isFull).toBe(true);
  });

  it('knows how long a packet waits', () => {
    const link = new Bottleneck(1_250, 20);
    link.offer(1_500, 1_000);
    for (let i = 0; i < 10; i++) {
      link.offer(1_300, 50);
      expect(Math.abs(link.load.waitMs(link.nowMs) - link.queueMs)).toBeLessThan(0.2 * link.queueMs + 5);
    }
  });

  it('expects no waiting where the path takes what it is offered', () => {
    const link = new Bottleneck(12_500, 20);
    link.offer(2_000, 2_000);
    expect(link.load.waitMs(link.nowMs)).toBeLessThan(2);
    expect(link.load.isFull).toBe(false);
    expect(link.load.capacity).toBeGreaterThan(2_000);
  });

  it('is not taken in by a link that got slower', () => {
    const fast = new Bottleneck(2_500, 20);
    fast.offer(3_000, 600);
    Object.assign(fast, { bytesPerMs: 500 });
    fast.offer(600, 3_000);
    expect(fast.load.capacity).toBeLessThan(700);
  });

  it('does not take the queue of others for its own, and finds out again what it takes', () => {
    const load = new PathLoad();
    let nowMs = 0;
    const report = (rttMs: number, bytes: number) => {
      nowMs += 60;
      load.commit(bytes, nowMs - rttMs);
      load.handleRtt(rttMs, load.committedBytes - bytes, nowMs);
      load.handleDelivery(bytes, load.committedBytes, nowMs);
    };
    report(20, 50);
    const before = load.capacity;
    for (let i = 0; i < 50; i++) report(120, 50);
    expect(load.capacity).toBe(before);
    load.capacity = 4;
    for (let i = 0; i < 150; i++) report(20, 50);
    expect(load.capacity).toBeGreaterThan(400);
  });

  it('explains what is lost while packets wait, and nothing else', () => {
    const link = new Bottleneck(1_250, 20);
    link.offer(900, 2_000);
    expect(link.load.explainsLoss).toBe(false);
    link.offer(3_000, 200);
    expect(link.load.explainsLoss).toBe(true);
    link.offer(400, 2_000);
    expect(link.load.explainsLoss).toBe(false);
  });

  it('never takes a path for much faster than what came through', () => {
    const load = new PathLoad();
    let nowMs = 0;
    let sentBytes = 0;
    for (let i = 0; i < 20; i++) {
      nowMs += 60;
      load.handleRtt(20, 0, nowMs);
      load.handleDelivery(60 * 1_000, (sentBytes += 60 * 5_000), nowMs);
    }
    expect(load.capacity).toBeLessThanOrEqual(1_500);
  });
});
