/** The server's addresses: resolved at the start, and again while the server is silent. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Endpoint } from '../config/units.ts';
import type { SocketAddress } from '../engine/messages.ts';
import type { Log } from './log.ts';

export type Lookup = (host: string) => Promise<readonly string[]>;

/** A name with more addresses than this is a farm, and each costs an initiation per path. */
const MAX_ADDRESSES = 8;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** Every address of a name, both families, in the resolver's order. */
export async function lookupAll(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
}

export interface EndpointsOptions {
  readonly endpoint: Endpoint;
  readonly lookup: Lookup;
  readonly onChange: (addresses: readonly SocketAddress[]) => void;
  readonly log: Log;
}

export class Endpoints {
  #addresses: readonly SocketAddress[] = [];
  #isSearching = false;
  #isBusy = false;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #lastProblem = '';

  constructor(private readonly options: EndpointsOptions) {}

  get addresses(): readonly SocketAddress[] {
    return this.#addresses;
  }

  hasFamily(family: 4 | 6): boolean {
    return this.#addresses.some(({ address }) => isIP(address) === family);
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
    this.#isSearching = false;
    clearTimeout(this.#timer);
  }

  async #resolve(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isBusy = true;
    const found = await this.#find();
    this.#isBusy = false;
    if (found.length > 0 && !isEqual(found, this.#addresses)) {
      this.#addresses = found;
      this.options.onChange(found);
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

function isEqual(a: readonly SocketAddress[], b: readonly SocketAddress[]): boolean {
  const text = (list: readonly SocketAddress[]) => JSON.stringify(list.map(({ address }) => address).sort());
  return text(a) === text(b);
}
