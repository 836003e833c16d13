/** What goes into the tunnel: everything, or some prefixes. */
import { existsSync } from 'node:fs';
import { ErrnoError, UserError } from '../errors.ts';
import type { HostChanges } from './host-changes.ts';
import type { HostLog } from './host-log.ts';
import { type Family, familyOf, networkText, parsePrefix } from './ip-prefix.ts';
import { type Link, ROUTE_PROTOCOL, type Route, type Rule, TABLE_MAIN } from './network-objects.ts';
import { anywhere, deviceRoute, isSameRoute } from './path-routes.ts';
import { MARK_MASK, tunnelPriority, tunnelTable } from './routing-plan.ts';

/** Two instances that look for free priorities at the same moment find the same ones: the second looks again. */
const PRIORITY_ATTEMPTS = 8;

export class TunnelRoutes {
  #made: number[] = [];
  #routes: Route[] = [];
  #rules: Rule[] = [];

  constructor(
    /** First number of the instance's block of marks and tables. */
    private readonly base: number,
    private readonly changes: HostChanges,
    private readonly log: HostLog,
  ) {}

  /**
   * The whole machine, as wg-quick does it: a table with a default route into the tunnel for whatever does not carry
   * one of our marks, and before it the main table without its default routes, so that the local network stays local.
   * A family that the tunnel does not carry is refused (`unreachable`) rather than leaked around it.
   */
  async everything(link: Link, carried: readonly Family[]): Promise<void> {
    for (const family of machineFamilies()) {
      const isCarried = carried.includes(family);
      if (isCarried) {
        const table = tunnelTable(this.base);
        this.#made.push(await this.changes.ownTable(family, table));
        const route = deviceRoute(anywhere(family), link, table);
        await this.changes.netlink.replaceRoute(route);
        this.#routes.push(route);
      }
      await this.#addRules(family, isCarried);
    }
  }

  /** Prefixes in the main table, beside everything else there. Throws `UserError` naming the prefix that cannot be. */
  async some(link: Link, cidrs: readonly string[], carried: readonly Family[]): Promise<void> {
    for (const destination of cidrs.map((cidr) => splitPrefix(cidr, carried))) {
      const route = deviceRoute(destination, link, TABLE_MAIN);
      try {
        this.#made.push(await this.changes.addRoute(link, route));
        this.#routes.push(route);
      } catch (error) {
        if (!(error instanceof ErrnoError && error.code === 'EEXIST')) throw error;
        throw new UserError(`${destination} cannot be routed into the tunnel`, {
          cause: 'this machine has a route to that very prefix already',
          fix: `see: ip route show ${destination}; then remove that route, or leave it out of --route`,
        });
      }
    }
  }

  /** Puts back what somebody removed (systemd-networkd removes what it does not know). */
  async keep(): Promise<void> {
    // First: a route that cannot be had (IPv6 was switched off on the device) must not keep a rule from coming back.
    for (const rule of this.#rules) {
      if (await this.changes.keepRule(rule)) this.log.warn({ priority: rule.priority }, 'rule-put-back');
    }
    const present = await this.changes.netlink.routes();
    for (const route of this.#routes) {
      if (present.some((other) => isSameRoute(other, route))) continue;
      await this.changes.netlink.addRoute(route);
      this.log.warn({ destination: route.destination }, 'route-put-back');
    }
  }

  async close(): Promise<void> {
    await this.changes.undo(this.#made);
    this.#made = [];
    this.#routes = [];
    this.#rules = [];
  }

  async #addRules(family: Family, isCarried: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const priority = tunnelPriority(await this.changes.netlink.rules(family));
      if (priority === 0) throw noPriority();
      const rules = this.#rulesAt(priority, family, isCarried);
      const made: number[] = [];
      try {
        for (const rule of rules) made.push(await this.changes.addRule(rule));
        this.#made.push(...made);
        this.#rules.push(...rules);
        return;
      } catch (error) {
        await this.changes.undo(made);
        const isTaken = error instanceof ErrnoError && error.code === 'EEXIST';
        if (!isTaken || attempt === PRIORITY_ATTEMPTS) throw error;
      }
    }
  }

  #rulesAt(priority: number, family: Family, isCarried: boolean): Rule[] {
    const common = { family, protocol: ROUTE_PROTOCOL } as const;
    const local = {
      priority,
      action: 'lookup',
      table: TABLE_MAIN,
      isInverted: false,
      suppressPrefixLength: 0,
    } as const;
    const ours = { mark: this.base, mask: MARK_MASK, isInverted: true } as const;
    const onward = isCarried
      ? ({ action: 'lookup', table: tunnelTable(this.base) } as const)
      : ({ action: 'unreachable', table: 0 } as const);
    return [
      { ...common, ...local },
      { ...common, ...ours, ...onward, priority: priority + 1 },
    ];
  }
}

function noPriority(): UserError {
  return new UserError('the whole machine cannot be routed into the tunnel', {
    cause: 'no two neighbouring rule priorities below 32766 are free',
    fix: 'look at: ip rule list; or use --route with single prefixes',
  });
}

/** IPv6 may be compiled out or switched off: then it cannot leak either. */
function machineFamilies(): Family[] {
  return existsSync('/proc/net/if_inet6') ? [4, 6] : [4];
}

function splitPrefix(cidr: string, carried: readonly Family[]): string {
  const prefix = parsePrefix(cidr);
  if (!prefix) {
    throw new UserError(`--route ${cidr} is no prefix`, {
      fix: 'write it like 10.1.0.0/16 or 2001:db8::/32',
      exitCode: 2,
    });
  }
  if (prefix.prefixLength === 0) {
    throw new UserError(`--route ${cidr} means everything`, { fix: 'use --route all', exitCode: 2 });
  }
  if (!carried.includes(familyOf(cidr))) {
    throw new UserError(`${cidr} cannot be routed into the tunnel`, {
      cause: `the server assigned no IPv${prefix.family} address`,
      fix: 'leave it out of --route, or give the server an IPv6 pool',
    });
  }
  return networkText(prefix);
}
