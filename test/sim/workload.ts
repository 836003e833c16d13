/** Offers inner packets to the machines as the flow plans say. */
import type { EventQueue } from './clock.ts';
import type { ClientHost } from './host/client-host.ts';
import type { ServerHost } from './host/server-host.ts';
import { MIN_INNER_BYTES, OUTSIDE_HOST } from './inner-packet.ts';
import { type InnerPacket, type Ledger, SERVER } from './ledger.ts';
import type { Random } from './random.ts';
import type { FlowPlan } from './scenario.ts';

/** An address that no client leases. */
const FOREIGN_HOST = 0x0a4dfff0;

export class Workload {
  /** Called for each packet that a machine really took from its TUN. */
  onOffered: (packet: InnerPacket, flow: FlowPlan) => void = () => {};

  constructor(
    private readonly queue: EventQueue,
    private readonly random: Random,
    private readonly ledger: Ledger,
    private readonly clients: readonly ClientHost[],
    private readonly server: ServerHost,
  ) {}

  start(flow: FlowPlan): void {
    this.queue.at(flow.startMs + this.random.fraction() * flow.everyMs, () => this.turn(flow, flow.startMs));
  }

  private turn(flow: FlowPlan, onSinceMs: number): void {
    const now = this.queue.nowMs;
    if (now >= flow.endMs) return;
    this.offer(flow);
    const isPause = flow.offMs > 0 && now - onSinceMs >= flow.onMs;
    const nextMs = now + (isPause ? flow.offMs : flow.everyMs);
    this.queue.at(nextMs, () => this.turn(flow, isPause ? nextMs : onSinceMs));
  }

  private offer(flow: FlowPlan): void {
    const client = this.clients[flow.client];
    const isDown = flow.kind === 'down' || (flow.kind === 'garbage' && this.random.chance(0.5));
    const from = isDown ? this.server : client;
    const ends = this.ends(flow, client);
    if (!from.isRunning || ends === null) return;
    const packets: InnerPacket[] = [];
    for (let i = 0; i < flow.train; i++) {
      const packet = this.ledger.offer({
        from: from.place,
        to: isDown ? client.place : flow.kind === 'peer' ? flow.peer : SERVER,
        length: this.length(flow),
        addresses: { family: flow.family, ...ends },
        offeredMs: this.queue.nowMs,
        isSpoofed: flow.kind === 'spoof',
        isMalformed: flow.kind === 'garbage',
      });
      packets.push(packet);
      this.onOffered(packet, flow);
    }
    from.offer(packets);
  }

  /** A packet that is to arrive has room for its id. */
  private length({ kind, family, minBytes, maxBytes }: FlowPlan): number {
    const least = kind === 'garbage' ? 0 : MIN_INNER_BYTES[family];
    return Math.max(least, this.random.between(minBytes, maxBytes));
  }

  /** Null = somebody has no address yet. */
  private ends(flow: FlowPlan, client: ClientHost): { source: number; destination: number } | null {
    const outside = OUTSIDE_HOST + 1;
    if (client.address === 0) return null;
    switch (flow.kind) {
      case 'up':
      case 'garbage':
        return { source: client.address, destination: outside };
      case 'down':
        return { source: outside, destination: client.address };
      case 'spoof':
        return { source: FOREIGN_HOST, destination: outside };
      case 'peer': {
        const peer = this.clients[flow.peer];
        return peer.address === 0 ? null : { source: client.address, destination: peer.address };
      }
    }
  }
}
