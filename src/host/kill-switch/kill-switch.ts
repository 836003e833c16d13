/**
 * The kill switch of one client: nothing leaves this network namespace but its tunnel's datagrams and what is allowed.
 *
 *   absent ──raise──▶ in force ──clean end, `kill-switch off`, next start without it──▶ absent
 *                      │    ▲
 *                      │    └─ raise again: replaced in one transaction
 *                      └─ killed, failed: stays
 */
import type { HostChanges } from '../host-changes.ts';
import type { HostLog } from '../host-log.ts';
import { NetlinkMonitor } from '../netlink/monitor.ts';
import { applyServers, applySwitch, type FirewallTool, findFirewall, isInForce } from './firewall.ts';
import type { Server, SwitchPlan } from './switch-plan.ts';

/** Addresses of the server, the newest first: paths may still use those that its name had before. */
const MAX_SERVERS = 16;

export interface KillSwitchOptions {
  readonly tunName: string;
  /** CIDR text: networks that may be reached past the tunnel. */
  readonly allowed: readonly string[];
}

export class KillSwitch {
  #monitor: NetlinkMonitor | undefined;

  private constructor(
    private readonly tool: FirewallTool,
    private plan: SwitchPlan,
    private readonly log: HostLog,
  ) {}

  /**
   * In force when this resolves, also where a killed process left one. `onLost` runs when somebody may have removed it
   * (`nft flush ruleset`, as a restart of nftables.service does): call `keep` then. Throws `UserError`.
   */
  static async raise(
    plan: SwitchPlan,
    changes: HostChanges,
    log: HostLog,
    onLost: () => void,
  ): Promise<KillSwitch> {
    const tool = await findFirewall();
    await changes.raiseKillSwitch(tool, plan);
    const killSwitch = new KillSwitch(tool, plan, log);
    // iptables tells nobody; it is looked at with every change of the network.
    if (tool === 'nft') {
      killSwitch.#monitor = new NetlinkMonitor(onLost, log, 'firewall');
      await killSwitch.#monitor.start();
    }
    log.info({ table: plan.name, tool }, 'kill-switch-on');
    return killSwitch;
  }

  async allowServers(servers: readonly Server[]): Promise<void> {
    const text = ({ address, port }: Server) => `${address} ${port}`;
    const known = new Map([...servers, ...this.plan.servers].map((server) => [text(server), server]));
    this.plan = { ...this.plan, servers: [...known.values()].slice(0, MAX_SERVERS) };
    await applyServers(this.tool, this.plan);
  }

  /** The TUN interface has another name than was asked for. */
  async setTun(tunName: string): Promise<void> {
    if (tunName === this.plan.tunName) return;
    this.plan = { ...this.plan, tunName };
    await applySwitch(this.tool, this.plan);
  }

  /** Puts it back when somebody removed it. */
  async keep(): Promise<void> {
    if (await isInForce(this.tool, this.plan.name)) return;
    await applySwitch(this.tool, this.plan);
    this.log.warn({ table: this.plan.name }, 'kill-switch-put-back');
  }

  /** Stops watching; the journal takes the rules away, or leaves them. */
  close(): void {
    this.#monitor?.close();
  }
}
