/**
 * One simulated client: the product's own core with the addon's sealer and a UDP socket of its own, but no TUN device.
 * Thousands of them share one thread, one clock and the scratch batches.
 */
import { randomFillSync } from 'node:crypto';
import { NativeSealer } from '../../../src/native/batch-sealer.ts';
import type { Native } from '../../../src/native/native.ts';
import { ClientCore } from '../../../src/proto/client-core.ts';
import { PacketBatch, PathTable, Verdict } from '../../../src/proto/packet-batch.ts';
import { redundant } from '../../../src/proto/policy/redundant.ts';
import type { NetworkLayer } from '../../../src/proto/session/network-layer.ts';
import type { Primitives } from '../../../src/proto/session/primitives.ts';
import type { TimerOwner, TimerQueue } from '../../../src/proto/timer-queue.ts';
import { parseIpv4 } from '../../../src/proto/wire/ip-text.ts';
import { LinuxUdp } from '../../../src/udp/linux-udp.ts';
import type { ClientKeys } from './population.ts';

/** What all clients of a process have in common. */
export interface Shared {
  readonly native: Native;
  readonly primitives: Primitives;
  readonly network: NetworkLayer;
  readonly serverPublicKey: Uint8Array;
  readonly endpoint: Int32Array;
  readonly timers: TimerQueue<SimClient>;
  /** The client has its address, for the first time since `connect`. */
  handleConnected(client: SimClient): void;
  /** An inner packet, valid during the call. */
  handlePacket(client: SimClient, bytes: Uint8Array, offset: number, length: number): void;
}

const MAX_SESSIONS = 8;
/** Of the link; inner packets of 1,400 bytes fit once the path's MTU was probed. */
const LINK_MTU_BYTES = 1500;
/** Each incarnation starts above all handshake counters of the one before. */
const COUNTERS_PER_LIFE = 1_000;
/** Small: there are thousands of them. */
const SOCKET_BUFFER_BYTES = 262_144;

const outgoing = new PacketBatch({ capacity: 256, arenaBytes: 512 * 1024 });
const incoming = new PacketBatch({ capacity: 512, arenaBytes: 1024 * 1024 });

/** A process's worth of a client: all but the keys goes when it restarts. */
interface Life {
  readonly core: ClientCore;
  readonly sealer: NativeSealer;
  readonly udp: LinuxUdp;
  readonly socket: number;
}

export class SimClient implements TimerOwner {
  dueMs = 0;
  heapIndex = -1;
  /** Inner IPv4 address, uint32; 0 = none yet. */
  address = 0;
  private life: Life | null = null;
  private lives = 0;

  constructor(
    readonly index: number,
    private readonly keys: ClientKeys,
    private readonly shared: Shared,
  ) {}

  /** Starts anew, without a word to the server about what was before. */
  connect(now: number): void {
    this.end();
    const { native, primitives, network, serverPublicKey, endpoint } = this.shared;
    const sealer = new NativeSealer(native, { maskKey: network.maskKey, slots: MAX_SESSIONS });
    const paths = new PathTable(1);
    const udp = new LinuxUdp(native, paths, sealer.mask);
    const socket = udp.open({ family: 4, bufferBytes: SOCKET_BUFFER_BYTES });
    const core = new ClientCore(
      {
        primitives,
        sealer,
        random: (count) => randomFillSync(new Uint8Array(count)),
        network,
        paths,
        policy: redundant,
        tunName: '',
        privateKey: this.keys.privateKey,
        serverPublicKey,
        psk: this.keys.psk,
        inviteId: null,
        counter: 1 + COUNTERS_PER_LIFE * this.lives++,
        endpoints: [endpoint],
        wantedAddress: 0,
      },
      now,
    );
    this.address = 0;
    this.life = { core, sealer, udp, socket };
    udp.watch(socket, () => this.handleReadable());
    core.openPath(0, socket, 4, LINK_MTU_BYTES, 'bench', now);
    this.drain();
  }

  /** Gone, as a process that was killed. */
  end(): void {
    const { life } = this;
    if (life === null) return;
    this.life = null;
    this.shared.timers.disarm(this);
    life.udp.dispose();
    life.sealer.close();
  }

  handleTimeout(now: number): void {
    this.life?.core.handleTimeout(now);
    this.drain();
  }

  /** Sends `count` (at most 256) inner packets of `length` bytes; `write` fills each in. */
  send(count: number, length: number, write: (bytes: Uint8Array, offset: number) => void, now: number): void {
    const { life } = this;
    if (life === null) return;
    outgoing.clear();
    for (let i = 0; i < count; i++) write(outgoing.arena, outgoing.offset[outgoing.append(length)]);
    life.core.handleTunPackets(outgoing, now);
    life.sealer.seal(outgoing);
    life.udp.send(outgoing);
    this.drain();
  }

  private handleReadable(): void {
    const { life } = this;
    if (life === null) return;
    const { core, sealer, udp, socket } = life;
    incoming.clear();
    if (udp.receive(socket, incoming) === 0) return;
    const now = performance.now();
    if (core.handleDatagrams(incoming, now) > 0) {
      sealer.open(incoming);
      while (core.handleOpened(incoming, now)) sealer.open(incoming);
      for (let row = 0; row < incoming.count; row++) {
        if (incoming.verdict[row] !== Verdict.DELIVER) continue;
        this.shared.handlePacket(this, incoming.arena, incoming.offset[row], incoming.length[row]);
      }
    }
    this.drain();
  }

  private drain(): void {
    const { life } = this;
    if (life === null) return;
    const { core, sealer, udp } = life;
    const out = core.outbox.batch;
    if (out.count > 0) {
      sealer.seal(out);
      udp.send(out);
      out.clear();
    }
    core.deliveries.clear();
    for (const event of core.events.splice(0)) {
      if (event.kind === 'refused') throw new Error(`client ${this.index} was refused: ${event.text}`);
      if (event.kind !== 'assigned' || this.address !== 0) continue;
      this.address = parseIpv4(event.assignment.address);
      this.shared.handleConnected(this);
    }
    this.shared.timers.arm(this, core.nextTimeoutMs);
  }
}
