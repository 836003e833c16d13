/**
 * The server's addresses: resolved at the start, and again while nothing comes from the server, ever more rarely. An address that
 * worked stays in the race beside new ones: a captive portal's resolver lies.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Endpoint } from '../config/units.ts';
import type { SocketAddress } from '../engine/messages.ts';
import type { Log } from './log.ts';

export type Lookup = (host: string) => Promise<readonly string[]>;

/** A name with more addresses than this is a farm, and each costs an initiation per path. */
const MAX_ADDRESSES = 8;
const FIRST_RETRY_MS = 1_000;
/** A server whose address has changed is found so long after its name has, at worst. */
const MAX_RETRY_MS = 10_000;

/** Every address of a name, both families, in the resolver's order. */
export async function lookupAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
}

/**
 * What the first of both to know anything says: the system's own resolver, which knows /etc/hosts and the like but
 * cannot ask past the tunnel, and one that can. The first one's failure is told: it is about the user's machine.
 */
export function anyOf(system: Lookup, outside: Lookup): Lookup {
  // The system's takes as long as it likes, and one of its threads: there is never a second one waiting.
  let waiting: Promise<readonly string[]> | undefined;
  return async (host) => {
    waiting ??= system(host).finally(() => {
      waiting = undefined;
    });
    const asked = waiting;
    return Promise.any([asked, outside(host)]).catch(() => asked);
  };
}

export interface EndpointsOptions {
  readonly endpoint: Endpoint;
  readonly lookup: Lookup;
  readonly onChange: (addresses: readonly SocketAddress[]) => void;
  readonly log: Log;
}

export class Endpoints {
  #addresses: readonly SocketAddress[] = [];
  /** What the name said last, and what it said when the server answered last. */
  #found: readonly SocketAddress[] = [];
  #proven: readonly SocketAddress[] = [];
  #isSearching = false;
  #isBusy = false;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #lastProblem = '';

  constructor(private readonly options: EndpointsOptions) {}

  get addresses(): readonly SocketAddress[] {
    return this.#addresses;
  }

  ofFamily(family: 4 | 6): string[] {
    return this.#addresses.map(({ address }) => address).filter((address) => isIP(address) === family);
  }

  /** Resolves now and, until `settle`, ever more rarely again: the server may have moved. */
  search(): void {
    if (this.#isSearching) return;
    this.#isSearching = true;
    this.#retryMs = FIRST_RETRY_MS;
    void this.#resolve();
  }

  /** The network changed: a name that could not be resolved perhaps can now. */
  hurry(): void {
    if (!this.#isSearching || this.#isBusy) return;
    this.#retryMs = FIRST_RETRY_MS;
    void this.#resolve();
  }

  /** The server answers: its addresses are right. */
  settle(): void {
    if (!this.#isSearching) return;
    this.#isSearching = false;
    this.#proven = this.#found;
    clearTimeout(this.#timer);
  }

  async #resolve(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isBusy = true;
    const found = await this.#find();
    this.#isBusy = false;
    if (found.length > 0) this.#found = found;
    const raced = found.length === 0 ? this.#addresses : union(found, this.#proven).slice(0, MAX_ADDRESSES);
    if (!isEqual(raced, this.#addresses)) {
      this.#addresses = raced;
      this.options.onChange(raced);
    }
    if (!this.#isSearching || isIP(this.options.endpoint.host) !== 0) return;
    this.#timer = setTimeout(() => void this.#resolve(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
  }

  /** Empty when the name cannot be resolved now; said once per reason. */
  async #find(): Promise<readonly SocketAddress[]> {
    const { endpoint, lookup, log } = this.options;
    const { host, port } = endpoint;
    if (isIP(host) !== 0) return [{ address: host, port }];
    try {
      const addresses = (await lookup(host)).slice(0, MAX_ADDRESSES).map((address) => ({ address, port }));
      this.#lastProblem = '';
      return addresses;
    } catch (err) {
      const { message } = err as Error;
      // With known addresses the tunnel may well come back by them.
      if (this.#addresses.length === 0 && message !== this.#lastProblem)
        log.warn({ host, err }, 'name-not-resolved');
      this.#lastProblem = message;
      return [];
    }
  }
}

function union(a: readonly SocketAddress[], b: readonly SocketAddress[]): readonly SocketAddress[] {
  return [...a, ...b.filter((other) => !a.some(({ address }) => address === other.address))];
}

function isEqual(a: readonly SocketAddress[], b: readonly SocketAddress[]): boolean {
  const text = (list: readonly SocketAddress[]) => JSON.stringify(list.map(({ address }) => address).sort());
  return text(a) === text(b);
}
