/**
 * The tunnel's end on a client's machine: the addresses of its device, what is routed into it, and which other networks get in
 * its way. To be called one change at a time (`NetworkSession.inTurn`); what it makes stands in the journal.
 */
import type { Assignment } from '../proto/snapshot.ts';
import type { HostLog } from './host-log.ts';
import { readHostState } from './host-state.ts';
import type { HostWarning } from './host-warnings.ts';
import type { Family } from './ip-prefix.ts';
import type { Link } from './network-objects.ts';
import type { NetworkSession } from './network-session.ts';
import { OverlapWatch } from './overlap-watch.ts';
import { setUpTun } from './tun-setup.ts';
import { TunnelRoutes } from './tunnel-routes.ts';

/** RFC 8200 §5: the kernel switches IPv6 off on an interface below it. */
const IPV6_MIN_MTU_BYTES = 1_280;

export class TunnelEnd {
  readonly #overlaps = new OverlapWatch();
  #tun: { name: string; cidr: string; key: string; made: number[]; carried: Family[] } | undefined;
  #routed: { key: string; routes: TunnelRoutes } | undefined;

  constructor(
    private readonly session: Pick<NetworkSession, 'netlink' | 'changes'>,
    private readonly markBase: number,
    private readonly log: HostLog,
    /** For what may repeat with every look at the machine. */
    private readonly limitedLog: HostLog,
  ) {}

  /** Of its device; undefined = there is none yet. */
  get name(): string | undefined {
    return this.#tun?.name;
  }

  /** Addresses, MTU (bytes) and state of the TUN interface; again after a new assignment. */
  async configure(tunName: string, assignment: Assignment, mtuBytes: number): Promise<HostWarning[]> {
    const hasIpv6 = assignment.address6 !== undefined && mtuBytes >= IPV6_MIN_MTU_BYTES;
    const { address, prefixLength, prefixLength6 } = assignment;
    const address6 = hasIpv6 ? assignment.address6 : undefined;
    const settings = { tunName, address, prefixLength, address6, prefixLength6, mtuBytes };
    const key = JSON.stringify(settings);
    if (this.#tun?.key === key) return [];
    await this.session.changes.undo(this.#tun?.made ?? []);
    this.#tun = undefined;
    const made = await setUpTun(this.session.changes, settings);
    const cidr = `${address}/${prefixLength}`;
    this.#tun = { name: tunName, cidr, key, made, carried: hasIpv6 ? [4, 6] : [4] };
    const warnings = this.#overlaps.look(await readHostState(this.session.netlink), cidr, tunName);
    if (assignment.address6 && !hasIpv6) {
      warnings.push({
        what: 'the tunnel carries no IPv6',
        why: `its MTU is below ${IPV6_MIN_MTU_BYTES} bytes, which IPv6 needs`,
        fix: 'raise the MTU, or leave IPv6 out of the server',
      });
    }
    return warnings;
  }

  /** Everything but our own datagrams and the local networks goes into the tunnel. */
  routeAll(tunName: string): Promise<void> {
    return this.#route(tunName, 'all', (routes, link, carried) => routes.everything(link, carried));
  }

  /** These prefixes (CIDR text) go into the tunnel. Throws `UserError` for one that cannot. */
  routeSome(tunName: string, cidrs: readonly string[]): Promise<void> {
    return this.#route(tunName, cidrs.join(' '), (routes, link, carried) =>
      routes.some(link, cidrs, carried),
    );
  }

  /** Rules that others removed come back; another network that was joined meanwhile is named. */
  async keep(): Promise<void> {
    await this.#routed?.routes.keep();
    if (this.#tun === undefined) return;
    const state = await readHostState(this.session.netlink);
    for (const { what, why, fix } of this.#overlaps.look(state, this.#tun.cidr, this.#tun.name))
      this.log.warn({ what, why, fix }, 'tunnel-warning');
  }

  async #route(
    tunName: string,
    what: string,
    add: (routes: TunnelRoutes, link: Link, carried: Family[]) => Promise<void>,
  ): Promise<void> {
    const carried: Family[] = this.#tun?.carried ?? [4];
    const link = await this.session.changes.existingLink(tunName);
    const key = JSON.stringify([link.index, what, carried, this.#tun?.key]);
    if (this.#routed?.key === key) return;
    await this.#routed?.routes.close();
    const routes = new TunnelRoutes(this.markBase, this.session.changes, this.limitedLog);
    this.#routed = { key, routes };
    try {
      await add(routes, link, carried);
    } catch (error) {
      await routes.close();
      this.#routed = undefined;
      throw error;
    }
  }
}
