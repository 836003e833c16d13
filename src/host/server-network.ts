/** The server's side of the machine: the tunnel's addresses, and the way out for the pool. */
import { UserError } from '../errors.ts';
import type { HostLog } from './host-log.ts';
import { bestDefaultRoute, type HostState, linkNamed, readHostState } from './host-state.ts';
import { overlapping } from './host-warnings.ts';
import type { Family } from './ip-prefix.ts';
import { type NetworkOptions, NetworkSession } from './network-session.ts';
import { stateSeed } from './state-seed.ts';
import { setUpTun, type TunSettings } from './tun-setup.ts';

export interface NatRequest {
  readonly tunName: string;
  /** CIDR text. */
  readonly pool: string;
  /** Absent = no IPv6 inside the tunnel. */
  readonly pool6?: string;
  /** Absent = the interface of the default route, per family. */
  readonly outInterface?: string;
}

export class ServerNetwork {
  private constructor(
    private readonly session: NetworkSession,
    private readonly stateDir: string,
    private readonly log: HostLog,
  ) {}

  /** Undoes what a killed server left in `stateDir`. Throws `UserError`. */
  static async open(options: NetworkOptions): Promise<ServerNetwork> {
    return new ServerNetwork(await NetworkSession.open(options), options.stateDir, options.log);
  }

  /** Throws `UserError` when a pool shares addresses with a network of this machine; before the TUN interface has any. */
  checkPools(pools: readonly string[]): Promise<void> {
    return this.session.inTurn(async () => {
      const state = await readHostState(this.session.netlink);
      for (const pool of pools) {
        const networks = overlapping(state, pool);
        if (networks.length === 0) continue;
        throw new UserError(`the pool ${pool} overlaps a network of this machine`, {
          cause: networks.join(', '),
          fix: 'choose another one: --pool 10.99.0.0/16',
        });
      }
    });
  }

  async configureTun(settings: TunSettings): Promise<void> {
    await this.session.inTurn(() => setUpTun(this.session.changes, settings));
  }

  /** Masquerades the pools; returns the outgoing interface (IPv4's). Throws `UserError`. */
  enableNat(request: NatRequest): Promise<string> {
    return this.session.inTurn(async () => {
      const { tunName, pool, pool6 } = request;
      const state = await readHostState(this.session.netlink);
      const out = outgoing(state, request.outInterface, 4);
      const out6 = pool6 && (request.outInterface ?? defaultInterface(state, 6) ?? out);
      const options = ['--tag', this.#tag(tunName), '--tun', tunName, '--pool', pool, '--out', out];
      if (pool6 && out6) options.push('--pool6', pool6, '--out6', out6);
      await this.session.changes.enableNat(options);
      this.log.info({ pool, pool6, interfaceName: out }, 'nat-enabled');
      return out;
    });
  }

  /** Takes back everything. */
  close(): Promise<void> {
    return this.session.close();
  }

  /** Names the instance's firewall chains: another server's TUN interface may have had the same name. */
  #tag(tunName: string): string {
    const instance = stateSeed(this.stateDir).toString(16).padStart(6, '0');
    return `${tunName.replace(/[^A-Za-z0-9_-]/g, '_')}-${instance}`;
  }
}

function outgoing(state: HostState, wanted: string | undefined, family: Family): string {
  if (wanted === undefined) {
    const found = defaultInterface(state, family);
    if (found) return found;
    throw new UserError('no interface to masquerade through', {
      cause: 'this machine has no default route',
      fix: 'name one with --nat IFACE, or leave the addresses alone with --no-nat',
    });
  }
  if (linkNamed(state, wanted)) return wanted;
  const names = state.links.filter((link) => !link.isLoopback).map((link) => link.name);
  throw new UserError(`the interface ${wanted} (--nat) does not exist`, {
    cause: `this machine has ${names.join(', ') || 'none'}`,
    fix: 'name another one with --nat IFACE, or leave the addresses alone with --no-nat',
  });
}

function defaultInterface(state: HostState, family: Family): string | undefined {
  const route = bestDefaultRoute(state, family);
  return state.links.find((link) => link.index === route?.linkIndex)?.name;
}
