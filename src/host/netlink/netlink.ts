/** rtnetlink requests as promises, one at a time: a kernel socket runs one dump, and refuses a second with EBUSY. */

import { ErrnoError } from '../../errors.ts';
import type { Family } from '../ip-prefix.ts';
import type { Address, Link, Route, Rule } from '../network-objects.ts';
import { emitAddress, parseAddress } from './address-message.ts';
import {
  createNetlink,
  Flags,
  FlagsNew,
  type NetlinkMessage,
  type NetlinkSocket,
  Protocol,
} from './library.ts';
import { emitLink, type LinkSettings, parseLink } from './link-message.ts';
import { emitRoute, parseRoutes } from './route-message.ts';
import { emitRule, parseRule } from './rule-message.ts';
import { dumpRequest } from './values.ts';

/** linux/rtnetlink.h: per object +0 new, +1 delete, +2 get, +3 set. */
const RTM = { link: 16, address: 20, route: 24, rule: 32 } as const;
const DELETE = 1;
const GET = 2;
const SET = 3;
const NLM_F_DUMP = 0x300;
/** The kernel answers in microseconds; longer means a wedged machine, and a promise must not hang on it. */
const REQUEST_TIMEOUT_MS = 5_000;
/** A table that changes while it is dumped is dumped again, so often at most. */
const DUMP_ATTEMPTS = 5;

/** Every method throws `ErrnoError` with the code of the kernel. */
export class Netlink {
  readonly #socket: NetlinkSocket = createNetlink(Protocol.ROUTE);
  #last: Promise<unknown> = Promise.resolve();

  async links(): Promise<Link[]> {
    return (await this.#dump('link')).map((message) => parseLink(message.data));
  }

  async link(name: string): Promise<Link | undefined> {
    return (await this.links()).find((link) => link.name === name);
  }

  async addresses(family?: Family): Promise<Address[]> {
    const messages = await this.#dump('address', family);
    return messages.map((message) => parseAddress(message.data)).filter((address) => address !== null);
  }

  /** All tables. A multipath route appears once per next hop. */
  async routes(family?: Family): Promise<Route[]> {
    return (await this.#dump('route', family)).flatMap((message) => parseRoutes(message.data));
  }

  async rules(family?: Family): Promise<Rule[]> {
    const messages = await this.#dump('rule', family);
    return messages.map((message) => parseRule(message.data)).filter((rule) => rule !== null);
  }

  async setLink(index: number, settings: LinkSettings): Promise<void> {
    await this.#request(`set link ${index}`, RTM.link + SET, emitLink(index, settings));
  }

  async addAddress(linkIndex: number, address: string, prefixLength: number): Promise<void> {
    const body = emitAddress(linkIndex, address, prefixLength);
    await this.#request(`add address ${address}/${prefixLength}`, RTM.address, body, CREATE_ONLY);
  }

  async deleteAddress(linkIndex: number, address: string, prefixLength: number): Promise<void> {
    const body = emitAddress(linkIndex, address, prefixLength);
    await this.#request(`delete address ${address}/${prefixLength}`, RTM.address + DELETE, body);
  }

  /** EEXIST when the table has a route with this destination and metric. */
  async addRoute(route: Route): Promise<void> {
    await this.#request(`add route ${describeRoute(route)}`, RTM.route, emitRoute(route), CREATE_ONLY);
  }

  /** Takes the place of a route with the same destination and metric in the table, without a gap. */
  async replaceRoute(route: Route): Promise<void> {
    const flags = FlagsNew.CREATE | FlagsNew.REPLACE;
    await this.#request(`replace route ${describeRoute(route)}`, RTM.route, emitRoute(route), flags);
  }

  /** Only a route with the same protocol number matches. */
  async deleteRoute(route: Route): Promise<void> {
    await this.#request(`delete route ${describeRoute(route)}`, RTM.route + DELETE, emitRoute(route));
  }

  async addRule(rule: Rule): Promise<void> {
    await this.#request(`add rule ${describeRule(rule)}`, RTM.rule, emitRule(rule), CREATE_ONLY);
  }

  async deleteRule(rule: Rule): Promise<void> {
    await this.#request(`delete rule ${describeRule(rule)}`, RTM.rule + DELETE, emitRule(rule));
  }

  close(): void {
    this.#socket.close();
  }

  async #dump(object: keyof typeof RTM, family?: Family): Promise<NetlinkMessage[]> {
    const type = RTM[object] + GET;
    for (let attempt = 1; ; attempt++) {
      const messages = await this.#request(`list ${object}`, type, [dumpRequest(family)], NLM_F_DUMP);
      const isTorn = messages.some((message) => message.flags & Flags.DUMP_INTR);
      if (!isTorn || attempt === DUMP_ATTEMPTS)
        return messages.filter((message) => message.type === type - GET);
    }
  }

  #request(what: string, type: number, body: Uint8Array[], flags = 0): Promise<NetlinkMessage[]> {
    const result = this.#last.then(async () => {
      const [messages] = await this.#socket.request(type, body, { flags, timeout: REQUEST_TIMEOUT_MS });
      return messages;
    });
    const named = result.catch((cause: Error) => {
      throw new ErrnoError(`netlink: ${what}`, errnoCode(cause), { cause });
    });
    this.#last = named.catch(() => {});
    return named;
  }
}

const CREATE_ONLY = FlagsNew.CREATE | FlagsNew.EXCL;

/** The package words a kernel refusal as `Request rejected: EEXIST`; a socket error carries `code`. */
function errnoCode(error: Error & { code?: string }): string {
  return error.code ?? /Request rejected: (E[A-Z0-9]+)/.exec(error.message)?.[1] ?? error.message;
}

function describeRoute(route: Route): string {
  const via = route.gateway ? ` via ${route.gateway}` : '';
  const link = route.linkIndex === undefined ? '' : ` dev #${route.linkIndex}`;
  return `${route.destination}${via}${link} table ${route.table}`;
}

function describeRule(rule: Rule): string {
  const target = rule.action === 'lookup' ? `lookup ${rule.table}` : rule.action;
  return `IPv${rule.family} ${rule.priority} ${target}`;
}
