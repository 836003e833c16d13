/** A client machine: its core, its interfaces, and as much of the daemon as keeps paths and files. */
import { ClientCore } from '../../../src/proto/client-core.ts';
import type { CoreEvent } from '../../../src/proto/events.ts';
import { PathTable } from '../../../src/proto/packet-batch.ts';
import { redundant } from '../../../src/proto/policy/redundant.ts';
import type { Suite } from '../../../src/proto/ports.ts';
import { NetworkLayer } from '../../../src/proto/session/network-layer.ts';
import type { Assignment } from '../../../src/proto/snapshot.ts';
import { parseIpv4 } from '../../../src/proto/wire/ip-text.ts';
import type { InnerPacket } from '../ledger.ts';
import type { Access } from '../net/access.ts';
import { type Address, addressWords, familyOf, formatAddress, readWords } from '../net/address.ts';
import type { Outgoing } from '../net/datagram.ts';
import type { Random } from '../random.ts';
import { Violation } from '../watch/violation.ts';
import { Host } from './host.ts';
import type { Surroundings } from './surroundings.ts';
import { WatchedSealer } from './watched-sealer.ts';

const EMSGSIZE = 90;
const ENETUNREACH = 101;
const MAX_SESSIONS = 8;
/** As many handshake counters as the daemon reserves on disk with one write. */
const RESERVED_COUNTERS = 2 ** 20;

export interface ClientHostOptions {
  readonly privateKey: Uint8Array;
  readonly serverPublicKey: Uint8Array;
  readonly psk: Uint8Array;
  readonly inviteId: Uint8Array | null;
  readonly servers: readonly Address[];
  readonly suites: readonly Suite[];
  /** Static address, uint32; 0 = none. */
  readonly wantedAddress: number;
  readonly clock: { startMs: number; wallOffsetMs: number };
}

interface OpenPath {
  readonly socket: number;
  readonly port: number;
}

export class ClientHost extends Host {
  readonly publicKey: Uint8Array;
  /** What the server gave, from the last `assigned` event. */
  assignment: Assignment | null = null;
  /** uint32; 0 = none yet. */
  address = 0;
  refusals = 0;
  /** The administrator lets this client in again. */
  readmit: () => void = () => {};
  onAssigned: () => void = () => {};
  onDelivered: (packet: InnerPacket) => void = () => {};
  private counter = 1;
  private inviteId: Uint8Array | null;
  private nextSocket = 1;
  private readonly open: (OpenPath | null)[] = [];

  constructor(
    place: number,
    world: Surroundings,
    random: Random,
    readonly accesses: readonly Access[],
    private readonly options: ClientHostOptions,
  ) {
    super(place, `client${place}`, world, random, options.clock, 1);
    this.publicKey = world.primitives.x25519PublicKey(options.privateKey);
    this.inviteId = options.inviteId;
  }

  start(): void {
    const { world, options } = this;
    const network = new NetworkLayer(world.primitives, world.networkKey);
    const sealer = new WatchedSealer(
      this.name,
      world.native,
      network.maskKey,
      MAX_SESSIONS,
      options.suites,
      world.book,
      (key) => this.model.handleInstalled(key, this.clock.nowMs),
    );
    const paths = new PathTable(1);
    const counter = this.counter;
    this.counter += RESERVED_COUNTERS;
    const core = new ClientCore(
      {
        primitives: world.primitives,
        sealer,
        random: (count) => this.random.bytes(count),
        network,
        paths,
        policy: redundant,
        tunName: 'tun0',
        privateKey: options.privateKey,
        serverPublicKey: options.serverPublicKey,
        psk: options.psk,
        inviteId: this.inviteId,
        counter,
        endpoints: options.servers.map(addressWords),
        wantedAddress: options.wantedAddress,
      },
      this.clock.nowMs,
    );
    this.running = { core, sealer, paths };
    this.assignment = null;
    for (let id = 0; id < this.accesses.length; id++) if (this.accesses[id].isPresent) this.openPath(id);
  }

  override stop(goodbye: boolean): void {
    super.stop(goodbye);
    for (let id = 0; id < this.open.length; id++) this.closeSocket(id);
  }

  /** The daemon found the interface. */
  openPath(id: number): void {
    const access = this.accesses[id];
    if (this.running === null || this.open[id]) return;
    const socket = this.nextSocket++;
    const port = access.open((datagram) => this.receive(socket, datagram));
    this.open[id] = { socket, port };
    const { family, mtuBytes } = access.settings;
    this.addSocket(socket, this.options.servers.find((server) => familyOf(server) === family) as Address);
    this.run(() =>
      this.client.openPath({ id, socket, family, mtuBytes, interfaceName: `if${id}` }, this.clock.nowMs),
    );
  }

  /** The interface is gone. */
  closePath(id: number): void {
    if (!this.open[id]) return;
    this.run(() => this.client.closePath(id, this.clock.nowMs));
    this.closeSocket(id);
  }

  get client(): ClientCore {
    return this.running?.core as ClientCore;
  }

  protected put(socket: number, to: Address, datagram: Outgoing): number {
    const id = this.open.findIndex((path) => path?.socket === socket);
    const path = this.open[id];
    if (!path) return ENETUNREACH;
    const access = this.accesses[id];
    if (!access.isPresent || familyOf(to) !== access.settings.family) return ENETUNREACH;
    const headerBytes = familyOf(to) === 6 ? 48 : 28;
    if (datagram.bytes.length + headerBytes > access.settings.mtuBytes) return EMSGSIZE;
    access.send(path.port, to, datagram);
    return 0;
  }

  protected handleEvent(event: CoreEvent): void {
    if (event.kind === 'assigned') {
      this.assignment = event.assignment;
      this.address = parseIpv4(event.assignment.address);
      this.onAssigned();
    } else if (event.kind === 'refused') this.refusals++;
    else if (event.kind === 'session' && event.state === 'established') this.inviteId = null;
  }

  protected override handleDelivered(packet: InnerPacket): void {
    this.onDelivered(packet);
  }

  protected inspect(): void {
    const { core } = this;
    if (core === null) return;
    const association = this.client['association'];
    for (const path of association.paths) {
      const remote = path && readWords(path.table, path.addressAt);
      // Nobody else in this world ever answers a challenge.
      if (remote && !this.options.servers.includes(remote))
        throw new Violation(
          'stays-with-the-server',
          `${this.name} path ${path.id} leads to ${formatAddress(remote)}`,
        );
    }
    const { heldPackets } = association.counters;
    if (heldPackets > 0 && association.current !== null && association.hasUsablePath)
      throw new Violation('none-held-with-a-path', `${this.name} holds ${heldPackets} packets`);
  }

  private closeSocket(id: number): void {
    const path = this.open[id];
    if (!path) return;
    this.open[id] = null;
    this.accesses[id].close(path.port);
    this.removeSocket(path.socket);
  }
}
