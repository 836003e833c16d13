/** The inside of the client's tunnel: what the server assigned becomes addresses and routes of this machine. */
import type { ClientConfig, RouteConfig } from '../config/client-config.ts';
import type { Assignment } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import type { ClientNetwork } from '../host/client-network.ts';
import { hasIpv6Interfaces } from './ipv6.ts';
import type { Log } from './log.ts';

/**
 * As wide as a server's `pool` and `pool6` can be. The kernel routes all of it into the tunnel, whatever `--route` says: of ::/0 that
 * would be everything.
 */
const WIDEST_PREFIX = 8;
const WIDEST_PREFIX6 = 64;

export interface ClientTunnelOptions {
  readonly tunName: string;
  readonly route: RouteConfig;
  readonly dns: ClientConfig['dns'];
  /** Upper bound of the inner MTU. */
  readonly mtuBytes?: number;
  readonly network: Pick<ClientNetwork, 'configureTun' | 'routeAll' | 'routeSome' | 'useDns'>;
  readonly log: Log;
}

export class ClientTunnel {
  #applied = '';
  #running: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ClientTunnelOptions) {}

  /** True when something changed: the first assignment, or another one. Throws `UserError`. */
  apply(assignment: Assignment): Promise<boolean> {
    const turn = this.#running.then(() => this.#apply(assignment));
    this.#running = turn.catch(() => {});
    return turn;
  }

  /** Servers of a tunnel that takes only some networks would be asked for everything. */
  #dnsServers({ dns: pushed }: Assignment): readonly string[] {
    const { dns, route } = this.options;
    if (dns.kind === 'servers') return dns.servers;
    return dns.kind === 'pushed' && route.kind === 'all' ? pushed : [];
  }

  async #apply(assigned: Assignment): Promise<boolean> {
    const { tunName, route, network, log } = this.options;
    const assignment = hasIpv6Interfaces() ? assigned : withoutIpv6(assigned);
    const text = JSON.stringify(assignment);
    if (text === this.#applied) return false;
    refuseTooWide(assigned);
    const mtuBytes = Math.min(assignment.mtuBytes, this.options.mtuBytes ?? assignment.mtuBytes);
    const warnings = await network.configureTun(tunName, assignment, mtuBytes);
    for (const { what, why, fix } of warnings) log.warn({ what, why, fix }, 'tunnel-warning');
    if (route.kind === 'all') await network.routeAll(tunName);
    else if (route.kind === 'some') await network.routeSome(tunName, route.networks);
    await network.useDns(tunName, this.#dnsServers(assignment));
    this.#applied = text;
    return true;
  }
}

function refuseTooWide({ address, prefixLength, address6, prefixLength6 = 0 }: Assignment): void {
  const cidrs = [
    ...(prefixLength < WIDEST_PREFIX ? [`${address}/${prefixLength}`] : []),
    ...(address6 !== undefined && prefixLength6 < WIDEST_PREFIX6 ? [`${address6}/${prefixLength6}`] : []),
  ];
  if (cidrs.length === 0) return;
  throw new UserError('the server assigned a network that is too wide', {
    cause: `${cidrs.join(', ')} would lead more into the tunnel than this client asked for`,
    fix: 'ask the owner of the server',
  });
}

function withoutIpv6({ address6: _, prefixLength6: __, ...rest }: Assignment): Assignment {
  return rest;
}
