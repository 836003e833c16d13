/** The server machine: its core, one dual-stack socket, and a state directory that survives the process. */
import { clientRecord, clientState } from '../../../src/engine/convert.ts';
import type { ClientRecord } from '../../../src/engine/messages.ts';
import { base64 } from '../../../src/proto/base64.ts';
import type { CoreEvent } from '../../../src/proto/events.ts';
import { PathTable } from '../../../src/proto/packet-batch.ts';
import { redundant } from '../../../src/proto/policy/redundant.ts';
import type { Suite } from '../../../src/proto/ports.ts';
import { type InviteState, ServerCore } from '../../../src/proto/server-core.ts';
import { NetworkLayer } from '../../../src/proto/session/network-layer.ts';
import { PREFIX6 } from '../inner-packet.ts';
import { type InnerPacket, SERVER } from '../ledger.ts';
import { type Address, address, familyOf } from '../net/address.ts';
import type { Datagram, Outgoing } from '../net/datagram.ts';
import type { Attachment } from '../net/internet.ts';
import type { Random } from '../random.ts';
import { AmplificationWatch } from '../watch/amplification-watch.ts';
import { associationsOf } from '../watch/step.ts';
import { Violation } from '../watch/violation.ts';
import { Host } from './host.ts';
import type { Surroundings } from './surroundings.ts';
import { WatchedSealer } from './watched-sealer.ts';

const SERVER_PORT = 4600;
/** 198.51.100.1 (RFC 5737) and its IPv6 twin. */
export const SERVER_ADDRESSES: readonly Address[] = [
  address(4, 0xc6336401, SERVER_PORT),
  address(6, 0xc6336401, SERVER_PORT),
];
const SOCKET = 1;

export interface ServerHostOptions {
  readonly privateKey: Uint8Array;
  readonly suites: readonly Suite[];
  readonly maxClients: number;
  readonly leaseMs: number;
  readonly mtuBytes: number;
  readonly pool: string;
  readonly clock: { startMs: number; wallOffsetMs: number };
}

export class ServerHost extends Host implements Attachment {
  readonly publicKey: Uint8Array;
  onDelivered: (packet: InnerPacket) => void = () => {};
  readonly amplification: AmplificationWatch;
  /** The state directory. */
  records = new Map<string, ClientRecord>();
  private invites = new Map<string, InviteState>();

  constructor(
    world: Surroundings,
    random: Random,
    private readonly options: ServerHostOptions,
  ) {
    super(SERVER, 'server', world, random, options.clock, options.maxClients);
    this.publicKey = world.primitives.x25519PublicKey(options.privateKey);
    this.amplification = new AmplificationWatch(SERVER_ADDRESSES);
    for (const own of SERVER_ADDRESSES) world.internet.attach(own, this);
  }

  start(): void {
    const { world, options } = this;
    const network = new NetworkLayer(world.primitives, world.networkKey);
    const slots = 3 * options.maxClients + 64;
    const sealer = new WatchedSealer(
      this.name,
      world.native,
      network.maskKey,
      slots,
      options.suites,
      world.book,
      (key) => this.model.handleInstalled(key, this.clock.nowMs),
    );
    const paths = new PathTable(options.maxClients);
    const core = new ServerCore(
      {
        primitives: world.primitives,
        sealer,
        random: (count) => this.random.bytes(count),
        network,
        paths,
        policy: redundant,
        tunName: 'tun0',
        privateKey: options.privateKey,
        pool: options.pool,
        pool6: { prefix: PREFIX6, prefixLength: 96 },
        dns: [],
        mtuBytes: options.mtuBytes,
        leaseMs: options.leaseMs,
        maxClients: options.maxClients,
        clients: [...this.records.values()].map((record) => clientState(record, this.clock.wallMs)),
      },
      this.clock.nowMs,
    );
    for (const invite of this.invites.values()) core.putInvite(invite, this.clock.nowMs);
    this.running = { core, sealer, paths };
    this.addSocket(SOCKET, SERVER_ADDRESSES[0]);
    this.run(() => {});
  }

  /** The administrator lets a key in. */
  admit(publicKey: Uint8Array, name: string, psk: Uint8Array): void {
    const record: ClientRecord = {
      publicKey: base64(publicKey),
      name,
      psk: base64(psk),
      counter: -1,
      lastSeenMs: this.clock.wallMs,
    };
    this.records.set(record.publicKey, record);
    this.run(() => this.server.putClient(clientState(record, this.clock.wallMs), this.clock.nowMs));
  }

  invite(id: Uint8Array, name: string, psk: Uint8Array): void {
    const invite: InviteState = { id, name, psk, expiresInMs: Number.POSITIVE_INFINITY, usedBy: null };
    this.invites.set(base64(id), invite);
    this.run(() => this.server.putInvite(invite, this.clock.nowMs));
  }

  /** The state directory is gone, and with it everybody who was let in. */
  forgetEverything(): void {
    this.records = new Map();
    this.invites = new Map();
  }

  arrive(datagram: Datagram): void {
    this.receive(SOCKET, datagram);
  }

  /** Name of the client that the running server knows at that address. */
  leaseholder(address: number): string | null {
    if (this.core === null) return null;
    for (const association of associationsOf(this.core))
      if (association.address4 === (address | 0)) return association.name;
    return null;
  }

  get server(): ServerCore {
    return this.running?.core as ServerCore;
  }

  protected put(_socket: number, to: Address, datagram: Outgoing): number {
    const from = SERVER_ADDRESSES[familyOf(to) === 6 ? 1 : 0];
    const full = { ...datagram, from, to };
    this.amplification.noteSent(full);
    this.world.internet.send(full);
    return 0;
  }

  protected override mayComeFrom(packet: InnerPacket): boolean {
    return this.leaseholder(packet.addresses.source) === `client${packet.from}`;
  }

  protected override handleArrived(datagram: Datagram): void {
    this.amplification.noteReceived(datagram);
  }

  protected override handleDelivered(packet: InnerPacket): void {
    this.onDelivered(packet);
  }

  protected handleEvent(event: CoreEvent): void {
    if (event.kind === 'client') {
      const state = this.server.clientState(event.publicKey, this.clock.nowMs);
      if (state !== null) this.records.set(event.publicKey, clientRecord(state, this.clock.wallMs));
    } else if (event.kind === 'invite-used') {
      const invite = this.invites.get(event.inviteId);
      if (invite !== undefined) this.invites.set(event.inviteId, { ...invite, usedBy: event.publicKey });
    }
  }

  protected inspect(): void {
    if (this.core === null) return;
    for (const association of associationsOf(this.core)) {
      const { heldPackets } = association.counters;
      if (heldPackets > 0 && association.current !== null && association.hasUsablePath)
        throw new Violation('none-held-with-a-path', `server holds ${heldPackets} for ${association.name}`);
    }
  }
}
