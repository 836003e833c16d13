/** The client's side of the machine: a way out for each path, the tunnel's addresses, and what is routed into it. */
import { ErrnoError, UserError } from '../errors.ts';
import type { Assignment } from '../proto/snapshot.ts';
import { DnsKeeper } from './dns/dns-keeper.ts';
import { upstreamServers } from './dns/nameservers.ts';
import type { HostLog } from './host-log.ts';
import type { HostWarning } from './host-warnings.ts';
import { type InterfaceChange, InterfaceWatch } from './interface-watch.ts';
import type { Family } from './ip-prefix.ts';
import { KillSwitch, type KillSwitchOptions } from './kill-switch/kill-switch.ts';
import { instanceName, type Server } from './kill-switch/switch-plan.ts';
import { limitedLog } from './limited-log.ts';
import { type NetworkOptions, NetworkSession } from './network-session.ts';
import { type PathRequest, type PathResult, PathTable } from './path-table.ts';
import { PersistRedirect, type PersistRequest } from './persist-redirect.ts';
import {
  excludedMark,
  findFreeBase,
  lookupMark,
  MAX_PATH,
  markOf,
  persistAnswerMark,
  persistGroup,
  persistMark,
} from './routing-plan.ts';
import { stateSeed } from './state-seed.ts';
import { TunnelEnd } from './tunnel-end.ts';
import { mayBeUplink } from './way-out.ts';

export interface ClientNetworkOptions extends Omit<NetworkOptions, 'adoptsKillSwitch'> {
  /** Absent: no kill switch, and one that a killed client left is removed. */
  readonly killSwitch?: KillSwitchOptions;
}

/** What hears of the change brings its own paths up to date first: a path to open matters more than a rule to look after. */
const KEEP_DELAY_MS = 50;

/** How programs are kept out of the tunnel; arguments of `scripts/exclude.sh`. */
export interface Exclusion {
  /** Of control group and table. */
  readonly name: string;
  /** Marks that route the packets, 0: this family cannot go there. */
  readonly mark4: number;
  readonly mark6: number;
  /** By which the kill switch knows the connections. */
  readonly connectionMark: number;
}

export class ClientNetwork {
  readonly #paths = new Map<number, PathTable>();
  readonly #watches = new Set<InterfaceWatch>();
  readonly #limitedLog: HostLog;
  #keepTimer: NodeJS.Timeout | undefined;
  #killSwitch: KillSwitch | undefined;
  readonly #tunnel: TunnelEnd;
  readonly #dns: DnsKeeper;
  readonly #persist: PersistRedirect;

  private constructor(
    private readonly session: NetworkSession,
    /** First of the instance's 256 marks and tables. */
    readonly markBase: number,
    private readonly log: HostLog,
    private readonly instance: string,
  ) {
    const onLost = () => void this.#keepOthers();
    this.#limitedLog = limitedLog(log);
    this.#tunnel = new TunnelEnd(session, markBase, log, this.#limitedLog);
    this.#dns = new DnsKeeper(instance, session.changes, log, onLost);
    this.#persist = new PersistRedirect(`${instance}-persist`, markBase, session.changes, log, onLost);
  }

  /**
   * Undoes what a killed client left in `stateDir`, picks marks that nobody uses, and raises the kill switch. Throws
   * `UserError`.
   */
  static async open(options: ClientNetworkOptions): Promise<ClientNetwork> {
    const { stateDir, log, killSwitch } = options;
    const adoptsKillSwitch = killSwitch !== undefined;
    const session = await NetworkSession.open({ stateDir, log, adoptsKillSwitch });
    try {
      const network = new ClientNetwork(
        session,
        await freeBase(session, stateDir),
        log,
        instanceName(stateDir),
      );
      if (killSwitch) await network.#raise(killSwitch, stateDir);
      return network;
    } catch (error) {
      await session.close(adoptsKillSwitch);
      throw error;
    }
  }

  /** The mark of a path's socket: 0 < mark, different for every path of every instance on the machine. */
  markOf(path: number): number {
    return markOf(this.markBase, path);
  }

  /**
   * Opens a path or brings an open one up to date; a path that cannot open leaves nothing behind. A number that is
   * open for another interface or family must be closed first.
   */
  openPath(request: PathRequest): Promise<PathResult> {
    return this.session.inTurn(async () => {
      if (request.path > MAX_PATH) throw new RangeError(`path ${request.path} is above ${MAX_PATH}`);
      const mark = this.markOf(request.path);
      const known = this.#paths.get(request.path);
      const table = known ?? new PathTable(request, mark, this.session.changes, this.#limitedLog);
      try {
        const result = await table.synchronise(request);
        if (result.ok) this.#paths.set(request.path, table);
        return result;
      } catch (error) {
        if (!known) await table.close();
        throw error;
      }
    });
  }

  /** Names of the interfaces that a pattern may mean, whether they can carry a path now or not. */
  uplinks(): Promise<string[]> {
    return this.session.inTurn(async () => {
      const links = await this.session.netlink.links();
      return links
        .filter((link) => mayBeUplink(link) && link.name !== this.#tunnel.name)
        .map(({ name }) => name);
    });
  }

  /**
   * Addresses of the server's name, asked for past the tunnel over the interfaces that are up and `isWanted`. Throws when
   * nobody knows.
   */
  async lookup(host: string, isWanted: (interfaceName: string) => boolean): Promise<string[]> {
    const links = await this.session.inTurn(() => this.session.netlink.links());
    const up = links.filter((link) => link.isUp && link.isRunning && isWanted(link.name));
    const nameservers = await upstreamServers(await this.#dns.ownText());
    const interfaceNames = up.map(({ name }) => name);
    const { lookupOutside } = await import('./dns/outer-lookup.ts');
    return lookupOutside({ host, nameservers, interfaceNames, mark: lookupMark(this.markBase) });
  }

  closePath(path: number): Promise<void> {
    return this.session.inTurn(async () => {
      await this.#paths.get(path)?.close();
      this.#paths.delete(path);
    });
  }

  /** Addresses, MTU (bytes) and state of the TUN interface; again after a new assignment. */
  configureTun(tunName: string, assignment: Assignment, mtuBytes: number): Promise<HostWarning[]> {
    return this.session.inTurn(async () => {
      await this.#killSwitch?.setTun(tunName);
      return this.#tunnel.configure(tunName, assignment, mtuBytes);
    });
  }

  /** For programs that go over `paths` (those of one interface), or over whatever the machine would use without us. */
  exclusion(name: string, paths?: readonly { family: Family; path: number }[]): Exclusion {
    const connectionMark = excludedMark(this.markBase);
    const markFor = (family: Family) => {
      if (paths === undefined) return connectionMark;
      const found = paths.find((open) => open.family === family);
      return found === undefined ? 0 : this.markOf(found.path);
    };
    return { name: `${this.instance}-${name}`, mark4: markFor(4), mark6: markFor(6), connectionMark };
  }

  /** Names are asked of these servers, through the tunnel; of none: as before. */
  useDns(tunName: string, servers: readonly string[]): Promise<void> {
    return this.session.inTurn(() => this.#dns.use(tunName, servers));
  }

  /** For the engine that holds connections until their target has answered. */
  get persistHold() {
    const marks = { onward: persistMark(this.markBase), answer: persistAnswerMark(this.markBase) };
    return { group: persistGroup(this.markBase), marks };
  }

  /** TCP connections into the tunnel, to these ports, are diverted to a listener on this machine; null: none (any more). */
  persist(request: PersistRequest | null): Promise<void> {
    return this.session.inTurn(() => (request === null ? this.#persist.unset() : this.#persist.set(request)));
  }

  /** Everything but our own datagrams and the local networks goes into the tunnel. */
  routeAll(tunName: string): Promise<void> {
    return this.session.inTurn(() => this.#tunnel.routeAll(tunName));
  }

  /** These prefixes (CIDR text) go into the tunnel. Throws `UserError` for one that cannot. */
  routeSome(tunName: string, cidrs: readonly string[]): Promise<void> {
    return this.session.inTurn(() => this.#tunnel.routeSome(tunName, cidrs));
  }

  /** Reports changes of the interfaces that are `wanted`, and keeps routes and rules in step with the machine. */
  async watchInterfaces(
    isWanted: (interfaceName: string) => boolean,
    onChange: (change: InterfaceChange) => void,
  ): Promise<InterfaceWatch> {
    const watch = new InterfaceWatch({ isWanted, onChange, onLook: () => this.#keepSoon() }, this.log);
    this.#watches.add(watch);
    await watch.start();
    return watch;
  }

  /** Lets the tunnel's datagrams out to these addresses; they are all the kill switch knows of. */
  allowServers(servers: readonly Server[]): Promise<void> {
    return this.session.inTurn(async () => this.#killSwitch?.allowServers(servers));
  }

  /** Takes back everything; but the kill switch when it is to stay, as after a failure. */
  async close(keepsKillSwitch = false): Promise<void> {
    for (const watch of this.#watches) watch.close();
    clearTimeout(this.#keepTimer);
    this.#killSwitch?.close();
    this.#dns.close();
    this.#persist.close();
    await this.session.close(keepsKillSwitch);
  }

  async #raise({ tunName, allowed }: KillSwitchOptions, stateDir: string): Promise<void> {
    const plan = { name: instanceName(stateDir), tunName, markBase: this.markBase, servers: [], allowed };
    const onLost = () => void this.#keepOthers();
    this.#killSwitch = await KillSwitch.raise(plan, this.session.changes, this.log, onLost);
  }

  /** Firewall and DNS, which other programs may write as well. */
  async #keepOthers(): Promise<void> {
    for (const keeper of [this.#killSwitch, this.#dns, this.#persist]) {
      if (this.session.isClosed) return;
      try {
        await this.session.inTurn(async () => keeper?.keep());
      } catch (err) {
        if (!this.session.isClosed) this.log.warn({ err }, 'not-put-back');
      }
    }
  }

  #keepSoon(): void {
    void this.#keepOthers();
    this.#keepTimer ??= setTimeout(() => {
      this.#keepTimer = undefined;
      void this.#keep();
    }, KEEP_DELAY_MS).unref();
  }

  /** Paths follow their interfaces (a renewed gateway, a new prefix); rules that others removed come back. */
  async #keep(): Promise<void> {
    if (this.session.isClosed) return;
    try {
      await this.session.inTurn(async () => {
        for (const table of this.#paths.values()) await table.synchronise();
        await this.#tunnel.keep();
      });
    } catch (err) {
      if (this.session.isClosed) return;
      // A device that has just gone, the tunnel's own at the end above all, is told of by its own notification.
      const isGone = err instanceof ErrnoError && err.code === 'ENODEV';
      this.log[isGone ? 'debug' : 'warn']({ err }, 'routes-not-kept');
    }
  }
}

async function freeBase({ netlink }: NetworkSession, stateDir: string): Promise<number> {
  const rules = await netlink.rules();
  const tables = (await netlink.routes()).map((route) => route.table);
  const base = findFreeBase(stateSeed(stateDir), rules, tables);
  if (base !== null) return base;
  throw new UserError('no free firewall mark is left on this machine', { fix: 'look at: ip rule list' });
}
