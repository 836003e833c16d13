/** One path's own way out: a table with its interface's routes, and the rule that sends the path's mark there. */

import type { UserError } from '../errors.ts';
import type { HostChanges } from './host-changes.ts';
import type { HostLog } from './host-log.ts';
import { readHostState } from './host-state.ts';
import { type HostWarning, strictReversePath } from './host-warnings.ts';
import { checkInterface, type InterfaceProblem, noRoute } from './interface-check.ts';
import type { Family } from './ip-prefix.ts';
import { ROUTE_PROTOCOL, type Route, type Rule } from './network-objects.ts';
import { isSameRoute, routesThrough } from './path-routes.ts';
import { pathPriority } from './routing-plan.ts';
import { describeWay, reachesAny } from './way-out.ts';

/** Another `linkIndex` is another device; another `text` another address or gateway. */
export type Way = ReturnType<typeof describeWay>;

export type PathResult =
  /** Sockets bound to the interface, with SO_MARK `mark`, reach whatever the interface reaches. */
  | { ok: true; mark: number; mtuBytes: number; way: Way; warnings: readonly HostWarning[] }
  /** Not now. The others go on; an `InterfaceChange` tells when to try again. */
  | { ok: false; problem: InterfaceProblem; error: UserError };

export interface PathRequest {
  /** 0..251, the engine's path number. */
  readonly path: number;
  readonly interfaceName: string;
  readonly family: Family;
  /** Addresses of the server: without a route to any of them the path is refused. Absent = not looked at. */
  readonly reach?: readonly string[];
}

export class PathTable {
  #made: number[] = [];
  #rule: Rule | undefined;

  constructor(
    private request: PathRequest,
    /** Mark and table in one. */
    private readonly mark: number,
    private readonly changes: HostChanges,
    private readonly log: HostLog,
  ) {}

  /** Brings table and rule in line with the interface as it is now; may be called again at any time. */
  async synchronise(request = this.request): Promise<PathResult> {
    this.request = request;
    const { interfaceName, family, reach } = request;
    const state = await readHostState(this.changes.netlink);
    const check = checkInterface(state, interfaceName, family);
    if (!check.ok) return check;
    const { link } = check;
    const routes = routesThrough(state, link, family, this.mark);
    if (reach !== undefined && !reachesAny(routes, reach)) return noRoute(interfaceName, family);
    await this.#claim();
    await this.#follow(routes);
    const strict = family === 4 ? await strictReversePath(interfaceName) : null;
    return {
      ok: true,
      mark: this.mark,
      mtuBytes: link.mtuBytes,
      way: describeWay(state, link, family, routes),
      warnings: strict ? [strict] : [],
    };
  }

  async close(): Promise<void> {
    await this.changes.undo(this.#made);
    this.#made = [];
    this.#rule = undefined;
  }

  async #claim(): Promise<void> {
    const { family } = this.request;
    if (!this.#rule) {
      this.#made.push(await this.changes.ownTable(family, this.mark));
      const rule = {
        family,
        priority: pathPriority(await this.changes.netlink.rules(family), ROUTE_PROTOCOL),
        action: 'lookup',
        table: this.mark,
        mark: this.mark,
        mask: 0xffffffff,
        isInverted: false,
        protocol: ROUTE_PROTOCOL,
      } as const;
      this.#made.push(await this.changes.addRule(rule));
      this.#rule = rule;
    } else if (await this.changes.keepRule(this.#rule)) {
      this.log.warn({ path: this.request.path, priority: this.#rule.priority }, 'rule-put-back');
    }
  }

  /** Adds before it deletes: at no moment is the path without a way out that it has before and after. */
  async #follow(wanted: readonly Route[]): Promise<void> {
    const { netlink } = this.changes;
    const all = await netlink.routes(this.request.family);
    const present = all.filter((route) => route.table === this.mark);
    for (const route of wanted) {
      if (present.some((other) => isSameRoute(other, route))) continue;
      await netlink.replaceRoute(route).catch((err) => this.#refused(route, err));
    }
    for (const route of present) {
      const isReplaced = wanted.some((w) => w.destination === route.destination && w.metric === route.metric);
      if (isReplaced) continue;
      await netlink.deleteRoute(route).catch((err) => this.#refused(route, err));
    }
  }

  /** The interface changed between the look and the request: its next change brings the next look. */
  #refused(route: Route, err: unknown): void {
    this.log.warn({ err, path: this.request.path, destination: route.destination }, 'path-route-refused');
  }
}
