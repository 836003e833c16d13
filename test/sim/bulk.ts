/**
 * Downloads and uploads: flows that take what they get, as a TCP sender with CUBIC does (RFC 9438), and slow down when packets are
 * lost. What is lost is not sent again, for nobody here reads a file; all that matters is how many packets are under way when.
 */
import type { EventQueue } from './clock.ts';
import type { ClientHost } from './host/client-host.ts';
import type { Host } from './host/host.ts';
import type { ServerHost } from './host/server-host.ts';
import { OUTSIDE_HOST } from './inner-packet.ts';
import type { InnerPacket, Ledger } from './ledger.ts';
import type { BulkPlan } from './scenario.ts';

const OUTSIDE = OUTSIDE_HOST + 2;
const ACK_BYTES = 52;
/** An acknowledgement names so many of the packets that arrived last: the loss of a few is made good by the next. */
const NAMED = 256;
const FIRST_WINDOW = 10;
/** RFC 9438 §4.6 and §4.2: what is left of the window after a loss, and how fast it comes back, packets/s³. */
const BETA = 0.7;
const GROWTH = 0.4;
/** Later packets that have arrived before one counts as lost, and how much later they left, part of a round trip (RFC 8985). */
const LATER = 3;
const REORDERING = 0.25;
const LEAST_TIMEOUT_MS = 200;

interface UnderWay {
  readonly order: number;
  readonly sentMs: number;
}

export class Bulk {
  private window = FIRST_WINDOW;
  private threshold = Number.POSITIVE_INFINITY;
  private largest = 0;
  private cutMs = 0;
  private smoothedMs = 100;
  private order = 0;
  /** Nothing up to here is a reason to slow down again. */
  private cutOrder = -1;
  private newest: UnderWay = { order: -1, sentMs: 0 };
  private progressMs = 0;
  private readonly underWay = new Map<number, UnderWay>();
  /** Ids of what arrived last. */
  private arrived: number[] = [];
  private unacknowledged = 0;
  /** What the acknowledgements under way say, by id. */
  private readonly acknowledgements = new Map<number, readonly number[]>();

  constructor(
    private readonly plan: BulkPlan,
    private readonly queue: EventQueue,
    private readonly ledger: Ledger,
    private readonly client: ClientHost,
    private readonly server: ServerHost,
  ) {
    queue.at(plan.startMs, () => this.turn());
  }

  /** A packet came out of the tunnel somewhere. */
  noteDelivered({ id, deliveredMs }: InnerPacket): void {
    if (this.underWay.has(id)) {
      this.arrived.push(id);
      if (this.arrived.length > NAMED) this.arrived.shift();
      if (++this.unacknowledged >= 2) this.queue.after(0, () => this.acknowledge());
      else this.queue.after(40, () => this.acknowledge());
    }
    const named = this.acknowledgements.get(id);
    if (named === undefined) return;
    this.acknowledgements.delete(id);
    for (const known of named) this.settle(known, deliveredMs);
    this.findLost(deliveredMs);
    this.queue.after(0, () => this.fill());
  }

  private get ends(): { near: Host; far: Host } {
    const { client, server } = this;
    return this.plan.kind === 'up' ? { near: client, far: server } : { near: server, far: client };
  }

  /** Looks after the flow while nothing arrives. */
  private turn(): void {
    const now = this.queue.nowMs;
    if (now >= this.plan.endMs) return;
    const timeoutMs = Math.max(LEAST_TIMEOUT_MS, 3 * this.smoothedMs);
    if (this.underWay.size > 0 && now - this.progressMs > timeoutMs) {
      this.underWay.clear();
      this.threshold = Math.max(2, this.window / 2);
      this.window = 2;
      this.cutOrder = this.order;
      this.progressMs = now;
    }
    this.fill();
    this.queue.after(LEAST_TIMEOUT_MS / 4, () => this.turn());
  }

  private fill(): void {
    const now = this.queue.nowMs;
    const { near } = this.ends;
    if (now >= this.plan.endMs || this.client.address === 0 || !near.isRunning) return;
    const packets: InnerPacket[] = [];
    while (this.underWay.size < this.window) {
      const packet = this.packet(this.plan.bytes, this.plan.kind === 'up');
      if (this.underWay.size === 0) this.progressMs = now;
      this.underWay.set(packet.id, { order: this.order++, sentMs: now });
      packets.push(packet);
    }
    if (packets.length > 0) near.offer(packets);
  }

  private acknowledge(): void {
    const { far } = this.ends;
    if (this.unacknowledged === 0 || !far.isRunning) return;
    this.unacknowledged = 0;
    const packet = this.packet(ACK_BYTES, this.plan.kind === 'down');
    this.acknowledgements.set(packet.id, this.arrived.slice());
    far.offer([packet]);
  }

  private packet(length: number, isUp: boolean): InnerPacket {
    const { client, server } = this;
    return this.ledger.offer({
      from: isUp ? client.place : server.place,
      to: isUp ? server.place : client.place,
      length,
      addresses: {
        family: 4,
        source: isUp ? client.address : OUTSIDE,
        destination: isUp ? OUTSIDE : client.address,
      },
      offeredMs: this.queue.nowMs,
      isSpoofed: false,
      isMalformed: false,
    });
  }

  private settle(id: number, now: number): void {
    const sent = this.underWay.get(id);
    if (sent === undefined) return;
    this.underWay.delete(id);
    this.progressMs = now;
    if (sent.order > this.newest.order) this.newest = sent;
    this.smoothedMs += (now - sent.sentMs - this.smoothedMs) / 8;
    if (this.window < this.threshold) this.window++;
    else {
      const sinceS = (now - this.cutMs + this.smoothedMs) / 1_000;
      const target = this.largest + GROWTH * cube(sinceS - cubeRoot((this.largest * (1 - BETA)) / GROWTH));
      this.window += Math.min(0.5, Math.max(0.01, (target - this.window) / this.window));
    }
  }

  private findLost(now: number): void {
    const { newest, smoothedMs } = this;
    for (const [id, { order, sentMs }] of this.underWay) {
      if (newest.order - order < LATER || newest.sentMs - sentMs < REORDERING * smoothedMs) break;
      this.underWay.delete(id);
      if (order <= this.cutOrder) continue;
      this.cutOrder = this.order;
      this.largest = this.window;
      this.cutMs = now;
      this.window = this.threshold = Math.max(2, BETA * this.window);
    }
  }
}

function cube(value: number): number {
  return value * value * value;
}

/** Newton's: the same bits on every machine, which `Math.cbrt` does not promise. */
function cubeRoot(value: number): number {
  let root = Math.max(1, value);
  for (let i = 0; i < 64; i++) root -= (root - value / (root * root)) / 3;
  return root;
}
