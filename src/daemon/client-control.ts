/** What the control socket of a client answers. */
import { FORWARD_EXAMPLE, parseForward } from '../config/forward-spec.ts';
import { formatInterfaceSpec, type InterfaceSpec, parseInterfaceSpec } from '../config/interface-spec.ts';
import type { Handler } from '../control/protocol.ts';
import type { Engine } from '../engine/engine-client.ts';
import type { Forward, PathSnapshot, Snapshot, UnusableInterface } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import type { ClientNetwork } from '../host/client-network.ts';
import type { Budgets } from './budgets.ts';
import type { ClientPaths } from './client-paths.ts';
import type { Forwards } from './forwards.ts';
import type { Log } from './log.ts';
import type { WantedInterfaces } from './wanted-interfaces.ts';

/** A server that is there answers sooner; whoever asked is told otherwise. */
const SERVER_PATIENCE_MS = 3_000;

export interface ClientControlParts {
  readonly engine: Pick<Engine, 'post'>;
  readonly paths: ClientPaths;
  readonly wanted: WantedInterfaces;
  readonly network: Pick<ClientNetwork, 'exclusion'>;
  readonly forwards: Forwards;
  /** Somebody knows that the network is there again. */
  readonly onWakeup: () => void;
  readonly log: Log;
}

/** Answer of `path-list`. */
export interface PathList {
  /** `interface` as `-i` takes it; `interfaces` are those of it that carry a path now. */
  readonly wanted: readonly { readonly interface: string; readonly interfaces: readonly string[] }[];
  readonly open: readonly { readonly interfaceName: string; readonly family: 4 | 6; readonly path: number }[];
  readonly unusable: readonly UnusableInterface[];
}

export function clientHandlers(parts: ClientControlParts): Readonly<Record<string, Handler>> {
  const { engine, paths, wanted, forwards, log } = parts;
  const list = (): PathList => {
    const open = paths.open.map(({ interfaceName, family, path }) => ({ interfaceName, family, path }));
    const names = [...new Set(open.map(({ interfaceName }) => interfaceName))];
    const interfacesOf = (spec: InterfaceSpec) => names.filter((name) => wanted.specFor(name) === spec);
    return {
      wanted: wanted.specs.map((spec) => ({
        interface: formatInterfaceSpec(spec),
        interfaces: interfacesOf(spec),
      })),
      open,
      unusable: paths.unusable,
    };
  };
  return {
    exclusion: async ({ interface: name }) => {
      if (name === undefined) return parts.network.exclusion('excluded');
      const open = paths.open.filter(({ interfaceName }) => interfaceName === name);
      if (open.length > 0) return parts.network.exclusion('portal', open);
      throw new UserError(`${name} carries no path`, {
        cause: 'it is not in use, or has no address yet',
        fix: 'see: resip-vpn path',
      });
    },
    attend: async () => engine.post({ kind: 'attend' }),
    'path-list': async () => list(),
    'path-add': async ({ interface: text }) => {
      const { spec, mistakes } = parseInterfaceSpec(String(text));
      if (spec === undefined)
        throw new UserError(mistakes.map((mistake) => `expected ${mistake}`).join('; '));
      wanted.add(spec);
      log.info({ interface: formatInterfaceSpec(spec) }, 'path-added');
      await paths.sync();
      return list();
    },
    'path-remove': async ({ interface: name }) => {
      wanted.remove(String(name));
      log.info({ interface: name }, 'path-removed');
      await paths.sync();
      return list();
    },
    'forward-list': async () => forwards.list,
    'forward-add': async ({ spec, direction }) => {
      const forward = parseForward(String(spec), directionOf(direction));
      if (forward === undefined) throw new UserError(`expected ${FORWARD_EXAMPLE}`);
      return forwards.add(forward, SERVER_PATIENCE_MS);
    },
    'forward-remove': async ({ spec, direction }) =>
      forwards.remove(forwards.find(String(spec), directionOf(direction))),
    wakeup: async ({ interface: name }) => {
      if (name !== undefined && wanted.specFor(String(name)) === undefined) {
        throw new UserError(`${name} is not in use`, { cause: `in use are ${wanted.patterns.join(', ')}` });
      }
      log.info({ interface: name }, 'wakeup');
      // A link may be there that nobody has told of.
      await paths.sync();
      const woken = paths.wake(name === undefined ? undefined : String(name));
      parts.onWakeup();
      return { woken };
    },
  };
}

function directionOf(direction: unknown): Forward['direction'] {
  return direction === 'remote' ? 'remote' : 'local';
}

/** The engine knows its grants; what is left of the budgets behind them is known here. */
export function withBudgets(snapshot: Snapshot, budgets: Pick<Budgets, 'left'>): Snapshot {
  const paths = snapshot.peers.flatMap((peer) => peer.paths);
  const spentBytes = new Map(paths.map((path) => [path.path, path.spentBytes ?? 0]));
  const withBudget = (path: PathSnapshot): PathSnapshot => {
    const left = budgets.left(path.interfaceName ?? '', spentBytes);
    if (left === undefined) return path;
    const { budget, leftBytes, renewsMs } = left;
    return { ...path, budget: { bytes: budget.bytes, period: budget.period, leftBytes, renewsMs } };
  };
  return {
    ...snapshot,
    peers: snapshot.peers.map((peer) => ({ ...peer, paths: peer.paths.map(withBudget) })),
  };
}
