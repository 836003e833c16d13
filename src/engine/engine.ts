/**
 * The engine: joins TUN, the path sockets and the clock with the protocol core. It runs on a worker thread and decides
 * nothing itself; the stages of both flows are listed in `proto/outbound.ts` and `proto/inbound.ts`.
 */
import type { Core } from '../proto/core.ts';
import type { CoreEvent } from '../proto/events.ts';
import { PacketBatch } from '../proto/packet-batch.ts';
import type { BatchSealer } from '../proto/ports.ts';
import type { Stream } from '../proto/stream/stream.ts';
import type { TunEdge } from '../tun/tun.ts';
import type { UdpEdge } from '../udp/udp.ts';
import type { Clock } from './clock.ts';

/** Rows of one batch: the receive stage keeps 128 free for each system call, as many small datagrams as one brings. */
const BATCH_ROWS = 2048;
/** Each of those calls wants 64 KiB free. */
const BATCH_BYTES = 512 * 1024;
/** Batches of one source before the others get their turn. */
const ROUNDS_PER_TURN = 4;

/** What one turn works in: filled and emptied within it. */
export interface EngineBatches {
  readonly tun: PacketBatch;
  readonly wire: PacketBatch;
}

export function engineBatches(): EngineBatches {
  return {
    tun: new PacketBatch({ capacity: BATCH_ROWS, arenaBytes: BATCH_BYTES, trains: 8 }),
    wire: new PacketBatch({ capacity: BATCH_ROWS, arenaBytes: BATCH_BYTES }),
  };
}

export interface EngineParts {
  readonly clock: Clock;
  readonly batches: EngineBatches;
  readonly core: Core;
  readonly tun: TunEdge;
  readonly udp: UdpEdge;
  readonly sealer: BatchSealer;
  readonly onEvent: (event: CoreEvent) => void;
  readonly onStreamNews: (streams: readonly Stream[]) => void;
}

export class Engine {
  private stopTimer: (() => void) | null = null;
  private timerMs = Number.POSITIVE_INFINITY;
  private isClosed = false;
  private sockets: readonly number[] = [];

  constructor(private readonly parts: EngineParts) {
    parts.tun.watch(() => this.handleTunReadable());
    this.drain();
  }

  /** Milliseconds; monotonic. */
  get now(): number {
    return this.parts.clock.nowMs;
  }

  watchSocket(socket: number): void {
    this.sockets = [...this.sockets, socket];
    this.parts.udp.watch(socket, () => this.handleSocketReadable(socket));
  }

  /** A watched one is read no more. */
  closeSocket(socket: number): void {
    this.sockets = this.sockets.filter((other) => other !== socket);
    this.parts.udp.close(socket);
  }

  /** Sends, delivers and reports what the core has produced. To be called after every command to the core. */
  drain(): void {
    const { core, onStreamNews } = this.parts;
    for (let round = 0; round < ROUNDS_PER_TURN; round++) {
      core.settle(this.now);
      this.empty();
      if (core.streamNews.length === 0) break;
      // Local sockets take and give, which is news for the peer.
      onStreamNews(core.streamNews.splice(0));
    }
    core.settle(this.now);
    this.empty();
    this.schedule();
  }

  private empty(): void {
    const { core, tun, udp, sealer, onEvent } = this.parts;
    const out = core.outbox.batch;
    if (out.count > 0) {
      try {
        sealer.seal(out);
        udp.send(out);
        core.handleSent(out, this.now);
      } finally {
        out.clear();
      }
    }
    if (core.deliveries.count > 0) {
      tun.write(core.deliveries);
      core.deliveries.clear();
    }
    if (core.events.length > 0) for (const event of core.events.splice(0)) onEvent(event);
  }

  close(): void {
    this.isClosed = true;
    this.stopTimer?.();
    this.parts.tun.close();
  }

  private handleTunReadable(rounds = ROUNDS_PER_TURN): void {
    const { core, tun, udp, sealer } = this.parts;
    const batch = this.parts.batches.tun;
    for (let round = 0; round < rounds && !this.isClosed; round++) {
      batch.clear();
      if (tun.read(batch) === 0) break;
      core.handleTunPackets(batch, this.now);
      sealer.seal(batch);
      udp.send(batch);
      core.handleSent(batch, this.now);
      // What this batch produced leaves before the next one: tables and queues are sized for one.
      this.drain();
      if (!isNearlyFull(batch)) break;
    }
  }

  private handleSocketReadable(socket: number): void {
    this.receive(socket);
    // The copies that came over other paths meanwhile need no wake-up either.
    for (const other of this.sockets) if (other !== socket) this.receive(other);
  }

  private receive(socket: number): void {
    const { core, tun, udp, sealer } = this.parts;
    const batch = this.parts.batches.wire;
    let delivered = 0;
    for (let round = 0; round < ROUNDS_PER_TURN && !this.isClosed; round++) {
      batch.clear();
      if (udp.receive(socket, batch) === 0) break;
      const now = this.now;
      if (core.handleDatagrams(batch, now) > 0) {
        sealer.open(batch);
        while (core.handleOpened(batch, now)) sealer.open(batch);
        delivered += tun.write(batch);
      }
      // What this batch produced leaves before the next one: tables and queues are sized for one.
      this.drain();
      if (!isNearlyFull(batch)) break;
    }
    // This host's own answers (echoes, TCP's acknowledgements) came to be while it took the packets: they need no wake-up.
    if (delivered > 0) this.handleTunReadable(1);
  }

  private schedule(): void {
    const dueMs = this.isClosed ? Number.POSITIVE_INFINITY : this.parts.core.nextTimeoutMs;
    // A timer that fires too early costs one look; one that is moved for each batch costs more.
    if (dueMs >= this.timerMs) return;
    this.stopTimer?.();
    this.timerMs = dueMs;
    this.stopTimer = this.parts.clock.after(dueMs - this.now, () => this.handleTimer());
  }

  private handleTimer(): void {
    this.stopTimer = null;
    this.timerMs = Number.POSITIVE_INFINITY;
    if (this.isClosed) return;
    this.parts.core.handleTimeout(this.now);
    this.drain();
  }
}

/** Rows or arena ended the batch, rather than an empty queue. */
function isNearlyFull(batch: PacketBatch): boolean {
  return batch.count > batch.capacity / 2 || batch.end > batch.arena.length / 2;
}
