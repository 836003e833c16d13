/** A client's interface and what it hangs on: uplink, NAT, downlink. Interfaces come, go and change their addresses. */
import type { PathWishes } from '../../../src/proto/path/path.ts';
import type { EventQueue } from '../clock.ts';
import type { Random } from '../random.ts';
import { type Address, address, portOf, withPort } from './address.ts';
import { addressed, type Datagram, type Outgoing } from './datagram.ts';
import type { Attachment, Internet } from './internet.ts';
import { Link, type LinkSettings, packetBytes } from './link.ts';
import { Nat, type NatSettings } from './nat.ts';

export interface AccessSettings {
  readonly family: 4 | 6;
  /** MTU of the interface itself: the socket refuses what is larger. */
  readonly mtuBytes: number;
  readonly up: LinkSettings;
  readonly down: LinkSettings;
  readonly nat: NatSettings | null;
  /** What the owner said of it; absent: nothing. */
  readonly wishes?: PathWishes;
}

const FIRST_LOCAL_PORT = 40_000;

export class Access implements Attachment {
  readonly up: Link;
  readonly down: Link;
  readonly nat: Nat | null;
  /** The interface exists and has an address. */
  isPresent = true;
  /** A machine that sleeps has switched its radio off: nothing crosses the link. */
  isAsleep: () => boolean = () => false;
  /** IP packets that left the interface or came to it, both ways together. */
  crossedBytes = 0;
  /** Of these what came for sockets that were closed. */
  strayBytes = 0;
  /** A host on the internet, or one in a private network behind the NAT. */
  private own: Address;
  private nextPort = FIRST_LOCAL_PORT;
  private changes = 0;
  private readonly sockets = new Map<number, (datagram: Datagram) => void>();

  /** `index`: unlike that of every other access link. */
  constructor(
    queue: EventQueue,
    random: Random,
    private readonly internet: Internet,
    readonly settings: AccessSettings,
    private readonly index: number,
    /** Name of the machine it belongs to. */
    private readonly owner: string,
  ) {
    this.up = new Link(queue, random.fork('up'), settings.up);
    this.down = new Link(queue, random.fork('down'), settings.down);
    this.own = this.freshAddress();
    this.nat = settings.nat && new Nat(queue, random.fork('nat'), settings.nat, this.own);
    if (this.nat !== null) this.own = address(settings.family, 0x0a000002, 0);
    internet.attach(this.nat?.external ?? this.own, this);
  }

  /** A socket bound to the interface; returns its local port. */
  open(receive: (datagram: Datagram) => void): number {
    const port = this.nextPort;
    this.nextPort = port === 65_000 ? FIRST_LOCAL_PORT : port + 1;
    this.sockets.set(port, receive);
    return port;
  }

  close(port: number): void {
    this.sockets.delete(port);
  }

  send(port: number, to: Address, datagram: Outgoing): void {
    const inside = withPort(this.own, port);
    const sent = addressed(datagram, inside, to);
    this.crossedBytes += packetBytes(sent);
    this.up.send(sent, (arrived) => {
      const from = this.nat === null ? inside : this.nat.outbound(inside, to);
      if (from !== null) this.internet.send(addressed(arrived, from, to));
    });
  }

  arrive(datagram: Datagram): void {
    const to = this.nat === null ? datagram.to : this.nat.inbound(datagram.from, datagram.to);
    if (to === null) return;
    this.down.send(addressed(datagram, datagram.from, to), (arrived) => {
      const receive = this.sockets.get(portOf(to));
      if (!this.isPresent || this.isAsleep() || withPort(this.own, 0) !== withPort(to, 0)) return;
      this.crossedBytes += packetBytes(arrived);
      if (receive === undefined) {
        this.strayBytes += packetBytes(arrived);
        return;
      }
      this.internet.onReached(datagram.to, this.owner);
      receive(arrived);
    });
  }

  /** Another address on the same interface, as after a new DHCP lease; sockets stay open. */
  changeAddress(): void {
    if (this.nat === null) this.move(() => (this.own = this.freshAddress()));
    else this.own += 65_536;
  }

  rebootNat(downMs: number): void {
    this.move(() => this.nat?.reboot(downMs, this.freshAddress()));
  }

  private move(change: () => void): void {
    this.internet.detach(this.nat?.external ?? this.own, this);
    change();
    this.internet.attach(this.nat?.external ?? this.own, this);
  }

  /** 100.64.0.0/10 (RFC 6598), with room for 16 changes of 2^18 links. */
  private freshAddress(): Address {
    return address(this.settings.family, 0x64400000 + this.index * 16 + (this.changes++ % 16), 0);
  }
}
