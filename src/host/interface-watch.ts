/** Changes of the interfaces that paths use, as typed events: the difference between two looks at the kernel. */
import type { HostLog } from './host-log.ts';
import { bestDefaultRoute, type HostState, isDefaultRoute, readHostState } from './host-state.ts';
import type { Family } from './ip-prefix.ts';
import { NetlinkMonitor } from './netlink/monitor.ts';
import { Netlink } from './netlink/netlink.ts';

/** `up` is switched on and with a carrier. Addresses are text, without those that are still tentative. */
export type InterfaceChange =
  | { kind: 'appeared'; interfaceName: string }
  | { kind: 'gone'; interfaceName: string }
  | { kind: 'up'; interfaceName: string }
  | { kind: 'down'; interfaceName: string }
  | { kind: 'address-added'; interfaceName: string; family: Family; address: string }
  | { kind: 'address-removed'; interfaceName: string; family: Family; address: string }
  /** `gateway` null without one: no default route, or one that needs none. */
  | {
      kind: 'default-route';
      interfaceName: string;
      family: Family;
      present: boolean;
      gateway: string | null;
    }
  /** It takes packets of another size. */
  | { kind: 'mtu'; interfaceName: string }
  /** Other routes through it came or went. */
  | { kind: 'routes'; interfaceName: string };

/** Notifications come in bursts (a link going down takes its routes along): wait this long for the rest. */
const SETTLE_MS = 20;
/**
 * The next look comes at the earliest after this many times the duration of the shortest of the last few (others may have waited
 * for the processor): at most a tenth of a core.
 */
const REST_FACTOR = 9;
const REMEMBERED_LOOKS = 4;

interface InterfaceState {
  readonly index: number;
  readonly isUp: boolean;
  readonly mtuBytes: number;
  readonly addresses: ReadonlyMap<string, Family>;
  /** Per family; undefined = no default route. */
  readonly defaults: Readonly<Record<Family, { gateway: string | null } | undefined>>;
  /** The other routes, as one text. */
  readonly routes: string;
}

export interface InterfaceWatchOptions {
  /** Asked at each look, of every interface there is. */
  readonly isWanted: (interfaceName: string) => boolean;
  readonly onChange: (change: InterfaceChange) => void;
  /** After each look, whatever changed: whoever owns routes or rules may see whether they are still there. */
  readonly onLook?: () => void;
}

/** Errors are logged; watching goes on. */
export class InterfaceWatch {
  readonly #netlink = new Netlink();
  #monitor: NetlinkMonitor | undefined;
  #known = new Map<string, InterfaceState>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isStale = false;
  #isClosed = false;
  readonly #lookMs: number[] = [];

  constructor(
    private readonly options: InterfaceWatchOptions,
    private readonly log: HostLog,
  ) {}

  /** Takes the first look, which reports nothing: later changes are differences from it. */
  async start(): Promise<void> {
    this.#isLooking = true;
    this.#monitor = new NetlinkMonitor(() => this.#soon(), this.log);
    await this.#monitor.start();
    this.#known = this.#summarise(await readHostState(this.#netlink));
    this.#isLooking = false;
    if (this.#isStale) this.#soon();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#monitor?.close();
    this.#netlink.close();
  }

  get #restMs(): number {
    return this.#lookMs.length === 0 ? 0 : REST_FACTOR * Math.min(...this.#lookMs);
  }

  #soon(): void {
    this.#isStale = true;
    if (this.#timer || this.#isLooking || this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), Math.max(SETTLE_MS, this.#restMs));
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#isLooking = true;
    this.#isStale = false;
    const began = performance.now();
    try {
      const now = this.#summarise(await readHostState(this.#netlink));
      const before = this.#known;
      this.#known = now;
      if (!this.#isClosed) this.#report(before, now);
    } catch (error) {
      if (!this.#isClosed) this.log.warn({ err: error }, 'interface-watch-failed');
    }
    this.#lookMs.push(performance.now() - began);
    if (this.#lookMs.length > REMEMBERED_LOOKS) this.#lookMs.shift();
    this.#isLooking = false;
    if (this.#isStale) this.#soon();
  }

  #report(before: Map<string, InterfaceState>, now: Map<string, InterfaceState>): void {
    for (const interfaceName of new Set([...before.keys(), ...now.keys()])) {
      for (const change of differences(interfaceName, before.get(interfaceName), now.get(interfaceName))) {
        this.options.onChange(change);
      }
    }
    this.options.onLook?.();
  }

  #summarise(state: HostState): Map<string, InterfaceState> {
    const known = new Map<string, InterfaceState>();
    for (const link of state.links) {
      if (!this.options.isWanted(link.name)) continue;
      const usable = state.addresses.filter((a) => a.linkIndex === link.index && !a.isTentative);
      const defaultOf = (family: Family) => {
        const route = bestDefaultRoute(state, family, link.index);
        return route && { gateway: route.gateway ?? null };
      };
      known.set(link.name, {
        index: link.index,
        isUp: link.isUp && link.isRunning,
        mtuBytes: link.mtuBytes,
        addresses: new Map(usable.map((a) => [a.address, a.family])),
        defaults: { 4: defaultOf(4), 6: defaultOf(6) },
        routes: otherRoutes(state, link.index),
      });
    }
    return known;
  }
}

/** In the order in which a path wants to hear them: what is lost first, then what is new. */
function* differences(
  interfaceName: string,
  before: InterfaceState | undefined,
  now: InterfaceState | undefined,
): Generator<InterfaceChange> {
  const isSame = before !== undefined && now !== undefined && before.index === now.index;
  if (before && !isSame) yield { kind: 'gone', interfaceName };
  if (!now) return;
  const old = isSame ? before : NOTHING;
  if (!isSame) yield { kind: 'appeared', interfaceName };
  if (old.isUp && !now.isUp) yield { kind: 'down', interfaceName };
  for (const [address, family] of old.addresses) {
    if (!now.addresses.has(address)) yield { kind: 'address-removed', interfaceName, family, address };
  }
  for (const [address, family] of now.addresses) {
    if (!old.addresses.has(address)) yield { kind: 'address-added', interfaceName, family, address };
  }
  for (const family of [4, 6] as const) {
    const route = now.defaults[family];
    if (route?.gateway === old.defaults[family]?.gateway && !route === !old.defaults[family]) continue;
    const gateway = route?.gateway ?? null;
    yield { kind: 'default-route', interfaceName, family, present: route !== undefined, gateway };
  }
  if (isSame && old.mtuBytes !== now.mtuBytes) yield { kind: 'mtu', interfaceName };
  if (isSame && old.routes !== now.routes) yield { kind: 'routes', interfaceName };
  if (!old.isUp && now.isUp) yield { kind: 'up', interfaceName };
}

function otherRoutes(state: HostState, linkIndex: number): string {
  return state.routes
    .filter((route) => route.linkIndex === linkIndex && !isDefaultRoute(route))
    .map(({ destination, gateway, metric }) => `${destination} ${gateway ?? ''} ${metric}`)
    .join();
}

const NOTHING: InterfaceState = {
  index: 0,
  isUp: false,
  mtuBytes: 0,
  addresses: new Map(),
  defaults: { 4: undefined, 6: undefined },
  routes: '',
};
