/**
 * One simulated client: the product's own core with the addon's sealer and a UDP socket of its own, but no TUN device.
 * Thousands of them share one thread, one clock and the scratch batches.
 */
import { randomFillSync } from 'node:crypto';
import { NativeSealer } from '../../../src/native/batch-sealer.ts';
import type { Native } from '../../../src/native/native.ts';
import { ClientCore } from '../../../src/proto/client-core.ts';
import type { CoreEvent } from '../../../src/proto/events.ts';
import { PacketBatch, PathTable, Verdict } from '../../../src/proto/packet-batch.ts';
import { redundant } from '../../../src/proto/policy/redundant.ts';
import type { NetworkLayer } from '../../../src/proto/session/network-layer.ts';
import type { Primitives } from '../../../src/proto/session/primitives.ts';
import type { TimerOwner, TimerQueue } from '../../../src/proto/timer-queue.ts';
import { CloseReason } from '../../../src/proto/wire/commands.ts';
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
  /** The client has a session, and its address. */
  handleConnected(client: SimClient): void;
  /** An inner packet, valid during the call. */
  handlePacket(client: SimClient, bytes: Uint8Array, offset: number, length: number): void;
}

const MAX_SESSIONS = 8;
/** Of the link; inner packets of 1,400 bytes fit once the path's MTU was probed. */
const LINK_MTU_BYTES = 1500;
/** Small: there are thousands of them. */
const SOCKET_BUFFER_BYTES = 262_144;

const outgoing = new PacketBatch({ capacity: 256, arenaBytes: 512 * 1024 });
const incoming = new PacketBatch({ capacity: 512, arenaBytes: 1024 * 1024 });

export class SimClient implements TimerOwner {
  dueMs = 0;
  heapIndex = -1;
  /** Inner IPv4 address, uint32; 0 = none yet. */
  address = 0;
  private readonly core: ClientCore;
  private readonly sealer: NativeSealer;
  private readonly udp: LinuxUdp;
  private readonly socket: number;
  private hasSession = false;

  constructor(
    readonly index: number,
    keys: ClientKeys,
    private readonly shared: Shared,
  ) {
    const { native, primitives, network, serverPublicKey, endpoint } = shared;
    this.sealer = new NativeSealer(native, { maskKey: network.maskKey, slots: MAX_SESSIONS });
    const paths = new PathTable(1);
    this.udp = new LinuxUdp(native, paths, this.sealer.mask);
    this.socket = this.udp.open({ family: 4, bufferBytes: SOCKET_BUFFER_BYTES });
    this.core = new ClientCore(
      {
        primitives,
        sealer: this.sealer,
        random: (count) => randomFillSync(new Uint8Array(count)),
        network,
        paths,
        policy: redundant,
        tunName: '',
        privateKey: keys.privateKey,
        serverPublicKey,
        psk: keys.psk,
        inviteId: null,
        counter: 1,
        endpoints: [endpoint],
        wantedAddress: 0,
      },
      performance.now(),
    );
  }

  /** The link comes up. */
  connect(now: number): void {
    this.udp.watch(this.socket, () => this.handleReadable());
    const { socket } = this;
    this.core.openPath({ id: 0, socket, family: 4, mtuBytes: LINK_MTU_BYTES, interfaceName: 'bench' }, now);
    this.drain();
  }

  /** All sessions are forgotten, without a word to the server: for it, a client that was started anew. */
  reconnect(now: number): void {
    const session = this.core['association'].current;
    if (session === null) return;
    this.hasSession = false;
    // What a client does when the server says that it has forgotten it.
    this.core.handleClose(session, CloseReason.RESTART, now);
    this.core.handleTimeout(now);
    this.drain();
  }

  /** Gone, as a process that was killed. */
  end(): void {
    this.shared.timers.disarm(this);
    this.udp.dispose();
    this.sealer.close();
  }

  handleTimeout(now: number): void {
    this.core.handleTimeout(now);
    this.drain();
  }

  /** Sends `count` (at most 256) inner packets of `length` bytes; `write` fills each in. */
  send(count: number, length: number, write: (bytes: Uint8Array, offset: number) => void, now: number): void {
    outgoing.clear();
    for (let i = 0; i < count; i++) write(outgoing.arena, outgoing.offset[outgoing.append(length)]);
    this.core.handleTunPackets(outgoing, now);
    this.sealer.seal(outgoing);
    this.udp.send(outgoing);
    this.drain();
  }

  private handleReadable(): void {
    incoming.clear();
    if (this.udp.receive(this.socket, incoming) === 0) return;
    const now = performance.now();
    if (this.core.handleDatagrams(incoming, now) > 0) {
      this.sealer.open(incoming);
      while (this.core.handleOpened(incoming, now)) this.sealer.open(incoming);
      for (let row = 0; row < incoming.count; row++) {
        if (incoming.verdict[row] !== Verdict.DELIVER) continue;
        this.shared.handlePacket(this, incoming.arena, incoming.offset[row], incoming.length[row]);
      }
    }
    this.drain();
  }

  private drain(): void {
    const { core } = this;
    const out = core.outbox.batch;
    if (out.count > 0) {
      this.sealer.seal(out);
      this.udp.send(out);
      out.clear();
    }
    core.deliveries.clear();
    for (const event of core.events.splice(0)) this.handleEvent(event);
    this.shared.timers.arm(this, core.nextTimeoutMs);
  }

  private handleEvent(event: CoreEvent): void {
    if (event.kind === 'refused') throw new Error(`client ${this.index} was refused: ${event.text}`);
    const wasConnected = this.hasSession && this.address !== 0;
    if (event.kind === 'session') this.hasSession = event.state === 'established';
    else if (event.kind === 'assigned') this.address = parseIpv4(event.assignment.address);
    if (!wasConnected && this.hasSession && this.address !== 0) this.shared.handleConnected(this);
  }
}
