/** The server's side of the machine: the tunnel's addresses, and the way out for the pool. */
import { UserError } from '../errors.ts';
import { DefaultRouteWatch } from './default-route-watch.ts';
import { firewallObstacles, type ServerTraffic } from './firewall-obstacles.ts';
import type { HostLog } from './host-log.ts';
import { readHostState } from './host-state.ts';
import { type HostWarning, overlapping, strictOnSeveralWays } from './host-warnings.ts';
import { type NatPlan, type NatRequest, planNat, planNatAgain } from './nat-plan.ts';
import { type NetworkOptions, NetworkSession } from './network-session.ts';
import { stateSeed } from './state-seed.ts';
import { setUpTun, type TunSettings } from './tun-setup.ts';

export class ServerNetwork {
  #watch: DefaultRouteWatch | undefined;

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

  /** Masquerades the pools, also when the default route moves; returns the outgoing interface (IPv4's). Throws `UserError`. */
  enableNat(request: NatRequest): Promise<string> {
    return this.session.inTurn(async () => {
      const { tunName, pool, pool6 } = request;
      const tag = this.#tag(tunName);
      const plan = planNat(await readHostState(this.session.netlink), request, tag);
      await this.session.changes.enableNat(plan.options);
      this.log.info({ pool, pool6, interfaceName: plan.out }, 'nat-enabled');
      if (request.outInterface === undefined) await this.#follow(request, tag, plan);
      return plan.out;
    });
  }

  /** What of others' rules keeps clients, or their packets, from getting through. */
  async obstacles(traffic: ServerTraffic): Promise<HostWarning[]> {
    const state = await this.session.inTurn(() => readHostState(this.session.netlink));
    return [...(await strictOnSeveralWays(state)), ...(await firewallObstacles(traffic))];
  }

  /** Takes back everything. */
  close(): Promise<void> {
    this.#watch?.close();
    return this.session.close();
  }

  async #follow(request: NatRequest, tag: string, plan: NatPlan): Promise<void> {
    this.#watch?.close();
    let inForce = plan.options.join(' ');
    const look = () =>
      this.session.inTurn(async () => {
        const next = planNatAgain(await readHostState(this.session.netlink), request, tag);
        if (next === null || next.options.join(' ') === inForce) return;
        await this.session.changes.changeNat(next.options);
        inForce = next.options.join(' ');
        this.log.info({ interfaceName: next.out }, 'nat-moved');
      });
    this.#watch = new DefaultRouteWatch(look, this.log);
    await this.#watch.start();
  }

  /** Names the instance's firewall chains: another server's TUN interface may have had the same name. */
  #tag(tunName: string): string {
    const instance = stateSeed(this.stateDir).toString(16).padStart(6, '0');
    return `${tunName.replace(/[^A-Za-z0-9_-]/g, '_')}-${instance}`;
  }
}
