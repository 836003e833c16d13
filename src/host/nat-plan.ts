/** Where the pool's packets leave the server, and what `nat.sh` has to be told for it. */
import { UserError } from '../errors.ts';
import { bestDefaultRoute, type HostState, linkNamed } from './host-state.ts';
import type { Family } from './ip-prefix.ts';

export interface NatRequest {
  readonly tunName: string;
  /** CIDR text. */
  readonly pool: string;
  /** Absent = no IPv6 inside the tunnel. */
  readonly pool6?: string;
  /** Absent = the interface of the default route, per family. */
  readonly outInterface?: string;
}

export interface NatPlan {
  /** IPv4's. */
  readonly out: string;
  readonly options: readonly string[];
}

/** Throws `UserError` when there is no way out. */
export function planNat(state: HostState, request: NatRequest, tag: string): NatPlan {
  const { tunName, pool, pool6 } = request;
  const out = outgoing(state, request.outInterface, 4);
  const out6 = pool6 && (request.outInterface ?? defaultInterface(state, 6) ?? out);
  const options = ['--tag', tag, '--tun', tunName, '--pool', pool, '--out', out];
  if (pool6 && out6) options.push('--pool6', pool6, '--out6', out6);
  return { out, options };
}

/** Null while there is no default route: the machine is between two, and what was stays. */
export function planNatAgain(state: HostState, request: NatRequest, tag: string): NatPlan | null {
  return defaultInterface(state, 4) === undefined ? null : planNat(state, request, tag);
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
