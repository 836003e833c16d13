/**
 * A simulated world for tests that look at single datagrams: time passes when the test says so, and what is on the wire can
 * be seen, kept back, forged and sent again. The invariants of the simulator hold here, too: what breaks one throws.
 */
import { base64 } from '../../../src/proto/base64.ts';
import type { ServerCore } from '../../../src/proto/server-core.ts';
import type { PathSnapshot, PeerSnapshot } from '../../../src/proto/snapshot.ts';
import { ClientHost, type ClientHostOptions } from '../../sim/host/client-host.ts';
import type { Host } from '../../sim/host/host.ts';
import { SERVER_ADDRESSES } from '../../sim/host/server-host.ts';
import { OUTSIDE_HOST } from '../../sim/inner-packet.ts';
import { type InnerPacket, type Place, SERVER } from '../../sim/ledger.ts';
import { Access, type AccessSettings } from '../../sim/net/access.ts';
import type { Datagram } from '../../sim/net/datagram.ts';
import type { Internet, Tap } from '../../sim/net/internet.ts';
import type { LinkSettings } from '../../sim/net/link.ts';
import { client, HOUR_MS, link, scenario } from '../../sim/plans.ts';
import { Random } from '../../sim/random.ts';
import type { ServerPlan } from '../../sim/scenario.ts';
import { World } from '../../sim/world.ts';

const STEP_MS = 10;
const CONNECT_MAX_MS = 60_000;

export interface StagePlan {
  readonly seed?: number;
  readonly server?: Partial<ServerPlan>;
  /** Links of each client; absent = one client with one clean link of 10 ms each way. */
  readonly clients?: readonly (readonly AccessSettings[])[];
}

export class Stage {
  private readonly random: Random;
  /** Those the scenario does not know of. */
  private readonly joined: ClientHost[] = [];

  private constructor(readonly world: World) {
    this.random = new Random(world.scenario.seed, 'stage');
    // The progress that the world expects of its own flows is none of ours.
    world.server.onDelivered = () => {};
    for (const each of world.clients) each.onDelivered = () => {};
  }

  /** Nobody has started yet but the server. */
  static async create(plan: StagePlan = {}): Promise<Stage> {
    const clients = (plan.clients ?? [[link()]]).map((links) =>
      client(links, { startMs: Number.POSITIVE_INFINITY }),
    );
    const { server, seed = 1 } = plan;
    return new Stage(
      await World.create(scenario('stage', { seed, server, clients, durationMs: 1e4 * HOUR_MS })),
    );
  }

  /** Every client has started, is connected and has an address. */
  static async connected(plan: StagePlan = {}): Promise<Stage> {
    const stage = await Stage.create(plan);
    const { clients } = stage.world;
    for (const each of clients) each.start();
    stage.run(4_000);
    // Over links that lose much it takes longer.
    stage.until(() => clients.every(({ address }) => address !== 0), CONNECT_MAX_MS);
    return stage;
  }

  close(): void {
    for (const host of this.joined) host.stop(false);
    this.world.close();
  }

  get server(): ServerCore {
    return this.world.server.server;
  }

  client(place: Place = 0): ClientHost {
    return this.world.clients[place];
  }

  /** A machine more, as the first client with other options. */
  join(options: Partial<ClientHostOptions> = {}): ClientHost {
    const { clients, queue, server } = this.world;
    const place = clients.length + this.joined.length;
    const random = this.random.fork(`client${place}`);
    const accesses = [new Access(queue, random, this.internet, link(), place, `client${place}`)];
    const host = new ClientHost(place, server['world'], random, accesses, {
      ...clients[0]['options'],
      privateKey: random.bytes(32),
      ...options,
    });
    this.joined.push(host);
    return host;
  }

  // Time

  get nowMs(): number {
    return this.world.queue.nowMs;
  }

  run(ms: number): void {
    this.world.run(this.nowMs + ms);
  }

  /** Lets time pass until `condition` holds; how long it took, Infinity = not within `limitMs`. */
  until(condition: () => boolean, limitMs: number): number {
    const fromMs = this.nowMs;
    while (!condition()) {
      if (this.nowMs - fromMs >= limitMs) return Number.POSITIVE_INFINITY;
      this.run(STEP_MS);
    }
    return this.nowMs - fromMs;
  }

  // Inner packets

  /** One packet from the client to behind the server. */
  up(from = this.client(), bytes = 100): InnerPacket {
    return this.burst(1, bytes, from)[0];
  }

  /** Packets that one read of the client's TUN device brings. */
  burst(count: number, bytes: number, from = this.client()): InnerPacket[] {
    return this.offer(from, SERVER, from.address, OUTSIDE_HOST + 1, bytes, count);
  }

  /** One packet from behind the server to the client. */
  down(to = this.client(), bytes = 100): InnerPacket {
    return this.offer(this.world.server, to.place, OUTSIDE_HOST + 1, to.address, bytes, 1)[0];
  }

  private offer(
    from: Host,
    to: Place,
    source: number,
    destination: number,
    length: number,
    count: number,
  ): InnerPacket[] {
    const packet = {
      from: from.place,
      to,
      length,
      addresses: { family: 4, source, destination },
      offeredMs: this.nowMs,
      isSpoofed: false,
      isMalformed: false,
    } as const;
    const packets = Array.from({ length: count }, () => this.world.ledger.offer(packet));
    // The simulator's idea of an idle minute.
    for (const host of [this.world.server, ...this.world.clients]) host.busy.disturb(this.nowMs);
    from.offer(packets);
    return packets;
  }

  // What the ends say

  seenByClient(host = this.client()): PeerSnapshot {
    return host.client.snapshot(host.clock.nowMs).peers[0];
  }

  /** Undefined while the server has no association with this client. */
  seenByServer(host = this.client()): PeerSnapshot | undefined {
    const key = base64(host.publicKey);
    const { peers } = this.server.snapshot(this.world.server.clock.nowMs);
    return peers.find((peer) => peer.publicKey === key);
  }

  pathAtServer(path: number, host = this.client()): PathSnapshot | undefined {
    return this.seenByServer(host)?.paths.find((each) => each.path === path);
  }

  isConnected(host = this.client()): boolean {
    return this.seenByClient(host).session.established;
  }

  // The administrator

  admit(host: ClientHost): void {
    this.world.server.admit(host.publicKey, host.name, host['options'].psk);
  }

  revoke(host = this.client()): void {
    const { server } = this.world;
    const now = server.clock.nowMs;
    const state = this.server.clientState(base64(host.publicKey), now);
    if (state === null) throw new Error(`the server does not know ${host.name}`);
    server.run(() => this.server.putClient({ ...state, revoked: true }, now));
  }

  remove(host = this.client()): void {
    const { server } = this.world;
    server.run(() => this.server.removeClient(base64(host.publicKey), server.clock.nowMs));
  }

  // The wire

  get internet(): Internet {
    return this.world['internet'];
  }

  /** Sees every datagram between the access links; false swallows it. */
  tap(tap: Tap): void {
    this.internet.setTap(tap);
  }

  untap(): void {
    this.tap(() => true);
  }

  /** Datagrams reach their machines at this moment, and so in one batch each. */
  inject(...datagrams: Datagram[]): void {
    for (const datagram of datagrams) this.internet.inject(datagram);
  }

  /** Keeps back what `wanted` names; `release` lets it go, in one batch. */
  keepBack(wanted: Tap): { readonly kept: Datagram[]; release: () => void } {
    const kept: Datagram[] = [];
    this.tap((datagram) => {
      const isWanted = wanted(datagram);
      if (isWanted) kept.push(datagram);
      return !isWanted;
    });
    const release = () => {
      this.untap();
      this.inject(...kept.splice(0));
    };
    return { kept, release };
  }

  /** Changes both directions of a client's link. */
  shape(place: Place, path: number, change: Partial<LinkSettings>): void {
    const { up, down } = this.client(place).accesses[path];
    up.settings = { ...up.settings, ...change };
    down.settings = { ...down.settings, ...change };
  }
}

export function isUp(datagram: Datagram): boolean {
  return SERVER_ADDRESSES.includes(datagram.to);
}

/** The simulator knows what it sealed: all else that a machine sends is a handshake message. */
export function isHandshake(datagram: Datagram): boolean {
  return datagram.sealed === null;
}
