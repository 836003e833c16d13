/** A client machine: its engine, its interfaces, and as much of the daemon as keeps paths and files. */

import { ClientRole, MAX_SESSIONS } from '../../../src/engine/client-role.ts';
import { toBase64 } from '../../../src/engine/convert.ts';
import type { Assignment, EngineEvent } from '../../../src/engine/messages.ts';
import type { Parts } from '../../../src/engine/role.ts';
import type { ClientCore } from '../../../src/proto/client-core.ts';
import type { PathWishes } from '../../../src/proto/path/path.ts';
import { isUsable } from '../../../src/proto/path/path-state.ts';
import type { PolicyName } from '../../../src/proto/policy/policy.ts';
import type { Rule } from '../../../src/proto/policy/rule.ts';
import type { Suite } from '../../../src/proto/ports.ts';
import { formatIpv4, parseIpv4 } from '../../../src/proto/wire/ip-text.ts';
import type { UdpOptions } from '../../../src/udp/udp.ts';
import type { InnerPacket } from '../ledger.ts';
import type { Access } from '../net/access.ts';
import { type Address, familyOf, formatAddress, readWords, socketAddress } from '../net/address.ts';
import type { Datagram, Outgoing } from '../net/datagram.ts';
import type { Random } from '../random.ts';
import { Violation } from '../watch/violation.ts';
import { Host } from './host.ts';
import { LinkBudget } from './link-budget.ts';
import type { Outlet } from './sim-udp.ts';
import type { Surroundings } from './surroundings.ts';

const EMSGSIZE = 90;
const ENETUNREACH = 101;
/** As many handshake counters as the daemon reserves on disk with one write. */
const RESERVED_COUNTERS = 2 ** 20;
/** The daemon tries a path that the engine could not open again after this. */
const RETRY_MS = 5_000;
/** Until something is on its disk. */
const DISK_MS = 5;
/** A probe: what a budget may be exceeded by. */
const BUDGET_SLACK_BYTES = 1_500;

export interface ClientHostOptions {
  readonly privateKey: Uint8Array;
  readonly serverPublicKey: Uint8Array;
  readonly psk: Uint8Array;
  readonly inviteId: Uint8Array | null;
  readonly servers: readonly Address[];
  readonly suites: readonly Suite[];
  /** Static address, uint32; 0 = none. */
  readonly wantedAddress: number;
  readonly policy: PolicyName;
  readonly rules: readonly Rule[];
  /** Nobody sends what the server did not: what crosses the links can be counted. */
  readonly keepsCount: boolean;
  readonly clock: { startMs: number; wallOffsetMs: number };
}

export class ClientHost extends Host {
  readonly publicKey: Uint8Array;
  /** What the server gave, from the last `assigned` event. */
  assignment: Assignment | null = null;
  /** uint32; 0 = none yet. */
  address = 0;
  /** Every address it ever had. */
  readonly addresses = new Set<number>();
  refusals = 0;
  /** The administrator lets this client in again. */
  readmit: () => void = () => {};
  onAssigned: () => void = () => {};
  onDelivered: (packet: InnerPacket) => void = () => {};
  private counter = 1;
  private inviteId: Uint8Array | null;
  /** Paths that the engine was told to open. */
  private readonly open = new Set<number>();
  /** Of each link, on disk; null = it has none. */
  private readonly budgets: (LinkBudget | null)[];
  private readonly wishes: PathWishes[];

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
    for (const access of accesses) access.isAsleep = () => this.clock.sleeps;
    if (options.keepsCount) this.busy.links = accesses.length;
    this.busy.crossedBytes = () => accesses.reduce((sum, { crossedBytes }) => sum + crossedBytes, 0);
    this.busy.sentStreamPackets = () => this.client?.['association'].streamsIfAny?.sentPackets ?? 0;
    this.wishes = accesses.map(({ settings }) => settings.wishes ?? {});
    this.budgets = accesses.map(({ settings: { wishes } }) =>
      wishes?.budgetBytes === undefined ? null : new LinkBudget(wishes.budgetBytes),
    );
  }

  start(): void {
    const { suites, policy } = this.options;
    this.assignment = null;
    this.boot({ peers: 1, sessions: MAX_SESSIONS }, suites, policy);
    for (let id = 0; id < this.accesses.length; id++) this.openPath(id);
  }

  protected startRole(parts: Parts) {
    const { networkKey } = this.world;
    const { privateKey, serverPublicKey, psk, servers, wantedAddress, policy, rules } = this.options;
    const counter = this.counter;
    this.counter += RESERVED_COUNTERS;
    const role = new ClientRole(
      {
        role: 'client',
        tunName: 'tun0',
        privateKey: toBase64(privateKey),
        serverPublicKey: toBase64(serverPublicKey),
        networkKey: toBase64(networkKey),
        psk: toBase64(psk),
        ...(this.inviteId === null ? {} : { inviteId: toBase64(this.inviteId) }),
        counter,
        endpoints: servers.map(socketAddress),
        ...(wantedAddress === 0 ? {} : { wantedAddress: formatIpv4(wantedAddress) }),
        policy,
        rules,
      },
      parts,
      this.emit,
    );
    return { role, core: role['core'], engine: role['engine'] };
  }

  override stop(goodbye: boolean): void {
    super.stop(goodbye);
    this.open.clear();
  }

  /** The daemon found the interface. */
  openPath(path: number): void {
    const access = this.accesses[path];
    if (this.running === null || this.open.has(path) || !access.isPresent) return;
    this.open.add(path);
    const { family, mtuBytes } = access.settings;
    const wishes = { ...this.wishes[path], budgetBytes: this.budgets[path]?.open() };
    this.post({ kind: 'path-open', path, interfaceName: `if${path}`, family, mark: 0, mtuBytes, ...wishes });
  }

  /** The interface is gone. */
  closePath(path: number): void {
    if (this.open.delete(path)) this.post({ kind: 'path-close', path });
  }

  /** The configuration was read again: it says something else of that link. */
  setWishes(link: number, wishes: PathWishes): void {
    this.wishes[link] = wishes;
    const isOpen = this.open.has(link);
    if (isOpen) this.closePath(link);
    this.budgets[link] = null;
    if (isOpen) this.openPath(link);
  }

  /** Whoever paid for so much pays for more. */
  liftBudgets(): void {
    this.budgets.fill(null);
    for (const path of this.open) this.post({ kind: 'path-budget', path });
  }

  private handleSpent({ path, spentBytes, isFinal }: Extract<EngineEvent, { kind: 'path-spent' }>): void {
    const budget = this.budgets[path];
    if (budget === null || budget === undefined) return;
    if (isFinal) {
      budget.close(spentBytes);
      return;
    }
    const limitBytes = budget.extend(spentBytes);
    const { running } = this;
    if (limitBytes === null) return;
    this.world.queue.after(DISK_MS, () => {
      if (this.running === running && this.open.has(path))
        this.post({ kind: 'path-budget', path, limitBytes });
    });
  }

  /** Something says that a path (absent: every one) goes another way now, or works again. */
  wakeup(path?: number): void {
    if (this.isRunning && !this.clock.isFrozen)
      this.post(path === undefined ? { kind: 'wakeup' } : { kind: 'wakeup', path });
  }

  setPolicy(policy: PolicyName, rules: readonly Rule[]): void {
    if (this.isRunning && !this.clock.isFrozen) this.post({ kind: 'policy', policy, rules });
  }

  get client(): ClientCore {
    return this.running?.core as ClientCore;
  }

  bind({ interfaceName, family }: UdpOptions, receive: (datagram: Datagram) => void): Outlet {
    const access = this.accesses[Number(interfaceName?.slice(2))];
    if (!access.isPresent)
      throw Object.assign(new Error(`${interfaceName} is not there`), { code: 'ENODEV' });
    const port = access.open(receive);
    const local = this.options.servers.find((server) => familyOf(server) === family) as Address;
    const put = (to: Address, datagram: Outgoing) => send(access, port, to, datagram);
    return { local, port, put, close: () => access.close(port) };
  }

  protected handleEvent(event: EngineEvent): void {
    if (event.kind === 'assigned') {
      this.assignment = event.assignment;
      this.address = parseIpv4(event.assignment.address);
      this.addresses.add(this.address);
      this.onAssigned();
    } else if (event.kind === 'refused') this.refusals++;
    else if (event.kind === 'session' && event.state === 'established') this.inviteId = null;
    else if (event.kind === 'path-spent') this.handleSpent(event);
    else if (event.kind === 'path-failed') {
      this.budgets[event.path]?.close(0);
      this.open.delete(event.path);
      this.world.queue.after(RETRY_MS, () => this.openPath(event.path));
    }
  }

  protected override handleDelivered(packet: InnerPacket): void {
    this.onDelivered(packet);
  }

  protected inspect(): void {
    const { core } = this;
    if (core === null) return;
    const association = this.client['association'];
    for (const path of association.paths) {
      const remote = path && readWords(path.row.words, path.row.addressAt);
      // Nobody else in this world ever answers a challenge.
      if (remote && !this.options.servers.includes(remote))
        throw new Violation(
          'stays-with-the-server',
          `${this.name} path ${path.id} leads to ${formatAddress(remote)}`,
        );
      if (path?.isExhausted && isUsable(path.state) && association.current !== null)
        throw new Violation('within-budget', `${this.name} path ${path.id} is used up and ${path.state}`);
    }
    if (this.options.keepsCount) this.checkBudgets();
    const { heldPackets } = association.sender;
    if (heldPackets > 0 && association.current !== null && association.hasUsablePath)
      throw new Violation('none-held-with-a-path', `${this.name} holds ${heldPackets} packets`);
  }

  private checkBudgets(): void {
    for (const [link, budget] of this.budgets.entries()) {
      if (budget === null) continue;
      // The network may copy what is under way, and what was under way to a path that was closed is known of when it is too late.
      const { crossedBytes, strayBytes, down } = this.accesses[link];
      const unknownBytes = down.copiedBytes + Math.min(strayBytes, budget.returnedBytes);
      if (crossedBytes > budget.totalBytes + BUDGET_SLACK_BYTES + unknownBytes)
        throw new Violation(
          'within-budget',
          `${this.name}: ${crossedBytes} of ${budget.totalBytes} bytes crossed link ${link}`,
        );
    }
  }
}

/** Out of an interface, as the kernel decides it. */
function send(access: Access, port: number, to: Address, datagram: Outgoing): number {
  if (!access.isPresent || familyOf(to) !== access.settings.family) return ENETUNREACH;
  const headerBytes = familyOf(to) === 6 ? 48 : 28;
  if (datagram.bytes.length + headerBytes > access.settings.mtuBytes) return EMSGSIZE;
  access.send(port, to, datagram);
  return 0;
}
