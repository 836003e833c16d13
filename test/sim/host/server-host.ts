/** The server machine: its core, a socket per address family, and a state directory that survives the process. */
import { toBase64 } from '../../../src/engine/convert.ts';
import type { ClientRecord, EngineEvent, InviteRecord } from '../../../src/engine/messages.ts';
import type { Parts } from '../../../src/engine/role.ts';
import { ServerRole } from '../../../src/engine/server-role.ts';
import type { Suite } from '../../../src/proto/ports.ts';
import { type ServerCore, serverTables } from '../../../src/proto/server-core.ts';
import { formatIpv6 } from '../../../src/proto/wire/ip-text.ts';
import type { UdpOptions } from '../../../src/udp/udp.ts';
import { PREFIX6 } from '../inner-packet.ts';
import { type InnerPacket, SERVER } from '../ledger.ts';
import { type Address, address, familyOf, socketAddress } from '../net/address.ts';
import { addressed, type Datagram, type Outgoing } from '../net/datagram.ts';
import type { Attachment } from '../net/internet.ts';
import type { Random } from '../random.ts';
import { AmplificationWatch } from '../watch/amplification-watch.ts';
import { ReportWatch } from '../watch/report-watch.ts';
import { associationsOf } from '../watch/step.ts';
import { Violation } from '../watch/violation.ts';
import { Host } from './host.ts';
import type { Outlet } from './sim-udp.ts';
import type { Surroundings } from './surroundings.ts';

const SERVER_PORT = 4600;
/** 198.51.100.1 (RFC 5737) and its IPv6 twin. */
export const SERVER_ADDRESSES: readonly Address[] = [
  address(4, 0xc6336401, SERVER_PORT),
  address(6, 0xc6336401, SERVER_PORT),
];
const EAFNOSUPPORT = 97;
const POOL6 = `${formatIpv6(PREFIX6)}/96`;

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
  private invites = new Map<string, InviteRecord>();
  private readonly reports = new ReportWatch();
  private readonly sockets = new Map<number, (datagram: Datagram) => void>();

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
    this.reports.clear();
    const { maxClients, suites } = this.options;
    this.boot(serverTables(maxClients), suites, 'redundant');
  }

  protected startRole(parts: Parts) {
    const { options, records, invites } = this;
    const { pool, mtuBytes, leaseMs, maxClients } = options;
    const role = new ServerRole(
      {
        role: 'server',
        tunName: 'tun0',
        listen: SERVER_ADDRESSES.map(socketAddress),
        privateKey: toBase64(options.privateKey),
        networkKey: toBase64(this.world.networkKey),
        pool,
        pool6: POOL6,
        dns: [],
        mtuBytes,
        leaseMs,
        maxClients,
        streamRules: { targets: { allow: [], deny: [] }, listen: [] },
        maxStreams: 1_024,
        clients: [...records.values()],
        invites: [...invites.values()],
      },
      parts,
      this.emit,
    );
    return { role, core: role['core'], engine: role['engine'] };
  }

  /** The administrator lets a key in. */
  admit(publicKey: Uint8Array, name: string, psk: Uint8Array): void {
    const record: ClientRecord = {
      publicKey: toBase64(publicKey),
      name,
      psk: toBase64(psk),
      counter: -1,
      lastSeenMs: this.clock.wallMs,
    };
    this.records.set(record.publicKey, record);
    this.post({ kind: 'client-put', client: record });
  }

  invite(id: Uint8Array, name: string, psk: Uint8Array): void {
    const invite: InviteRecord = { id: toBase64(id), name, psk: toBase64(psk), expiresMs: 0 };
    this.invites.set(invite.id, invite);
    this.post({ kind: 'invite-put', invite });
  }

  /** The state directory is gone, and with it everybody who was let in. */
  forgetEverything(): void {
    this.records = new Map();
    this.invites = new Map();
  }

  arrive(datagram: Datagram): void {
    this.sockets.get(familyOf(datagram.to))?.(datagram);
  }

  bind({ family }: UdpOptions, receive: (datagram: Datagram) => void): Outlet {
    this.sockets.set(family, receive);
    const local = SERVER_ADDRESSES.find((own) => familyOf(own) === family) as Address;
    const put = (to: Address, datagram: Outgoing) => this.send(local, to, datagram);
    return { local, port: SERVER_PORT, put, close: () => this.sockets.delete(family) };
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

  private send(from: Address, to: Address, outgoing: Outgoing): number {
    if (familyOf(from) !== familyOf(to)) return EAFNOSUPPORT;
    const datagram = addressed(outgoing, from, to);
    this.amplification.noteSent(datagram);
    this.world.internet.send(datagram);
    return 0;
  }

  protected override mayComeFrom(packet: InnerPacket): boolean {
    return this.leaseholder(packet.addresses.source) === `client${packet.from}`;
  }

  override handleArrived(datagram: Datagram): void {
    this.amplification.noteReceived(datagram);
    super.handleArrived(datagram);
  }

  protected override handleDelivered(packet: InnerPacket): void {
    this.onDelivered(packet);
  }

  protected handleEvent(event: EngineEvent): void {
    this.reports.note(event);
    if (event.kind === 'client') this.records.set(event.client.publicKey, event.client);
    else if (event.kind === 'invite') this.invites.set(event.invite.id, event.invite);
  }

  protected inspect(): void {
    if (this.core === null) return;
    for (const association of associationsOf(this.core)) {
      this.reports.check(association);
      const { heldPackets } = association.sender;
      if (heldPackets > 0 && association.current !== null && association.hasUsablePath)
        throw new Violation('none-held-with-a-path', `server holds ${heldPackets} for ${association.name}`);
    }
  }
}
