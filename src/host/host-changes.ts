/** Every change that the program makes to the machine: recorded in the journal, then made. */
import { UserError } from '../errors.ts';
import type { Family } from './ip-prefix.ts';
import { applySwitch, type FirewallTool } from './kill-switch/firewall.ts';
import type { SwitchPlan } from './kill-switch/switch-plan.ts';
import { runNat } from './nat-script.ts';
import type { LinkSettings } from './netlink/link-message.ts';
import type { Netlink } from './netlink/netlink.ts';
import type { Link, Route, Rule } from './network-objects.ts';
import { hasRule } from './undo-change.ts';
import type { UndoEntry } from './undo-entry.ts';
import type { UndoJournal } from './undo-journal.ts';

/** Methods return the id to undo the change by, or null when the machine was so already; then it is not ours to undo. */
export class HostChanges {
  constructor(
    readonly netlink: Netlink,
    private readonly journal: UndoJournal,
  ) {}

  async addAddress(link: Link, address: string, prefixLength: number): Promise<number | null> {
    const present = await this.netlink.addresses();
    if (present.some((a) => a.linkIndex === link.index && a.address === address)) return null;
    const entry = { kind: 'address', link: referenceTo(link), address, prefixLength } as const;
    return this.journal.make(entry, () => this.netlink.addAddress(link.index, address, prefixLength));
  }

  /** A single route in a table that others use. Throws `ErrnoError` EEXIST when it is taken. */
  addRoute(link: Link, route: Route): Promise<number> {
    const entry = { kind: 'route', link: referenceTo(link), route } as const;
    return this.journal.make(entry, () => this.netlink.addRoute(route));
  }

  /** From here on, routes of ours in this table come and go unrecorded, and all of them end with the change. */
  ownTable(family: Family, table: number): Promise<number> {
    return this.journal.make({ kind: 'table', family, table }, async () => {});
  }

  addRule(rule: Rule): Promise<number> {
    return this.journal.make({ kind: 'rule', rule }, () => this.netlink.addRule(rule));
  }

  /** Puts a rule back that somebody removed (systemd-networkd does, for what it does not know). True when it was gone. */
  async keepRule(rule: Rule): Promise<boolean> {
    if (await hasRule(this.netlink, rule)) return false;
    await this.netlink.addRule(rule);
    return true;
  }

  async setLink(link: Link, settings: LinkSettings): Promise<number | null> {
    const keys = (Object.keys(settings) as (keyof LinkSettings)[]).filter(
      (key) => settings[key] !== link[key],
    );
    if (keys.length === 0) return null;
    const set = Object.fromEntries(keys.map((key) => [key, settings[key]]));
    const previous = Object.fromEntries(keys.map((key) => [key, link[key]]));
    const entry = { kind: 'link', link: referenceTo(link), previous, set } as const;
    return this.journal.make(entry, () => this.netlink.setLink(link.index, set));
  }

  /** Arguments as `nat.sh` takes them. */
  enableNat(options: readonly string[]): Promise<number> {
    return this.journal.make({ kind: 'nat', arguments: options }, () => runNat('up', options));
  }

  /** The same instance with other arguments: the journal's inverse, by tag, stays the same. */
  changeNat(options: readonly string[]): Promise<void> {
    return runNat('up', options);
  }

  /** Takes the place of one that a killed process left: nothing is open in between. */
  async raiseKillSwitch(tool: FirewallTool, plan: SwitchPlan): Promise<void> {
    const left = [...this.journal.inForce].filter(([, { kind }]) => kind === 'kill-switch');
    const isSame = (entry: UndoEntry) =>
      entry.kind === 'kill-switch' && entry.tool === tool && entry.name === plan.name;
    if (left.some(([, entry]) => isSame(entry))) await applySwitch(tool, plan);
    else {
      const entry = { kind: 'kill-switch', tool, name: plan.name } as const;
      await this.journal.make(entry, () => applySwitch(tool, plan));
    }
    for (const [id, entry] of left) if (!isSame(entry)) await this.journal.undo(id);
  }

  /** A change to something that is not netlink's: `change` makes what `entry` takes back. */
  make(entry: UndoEntry, change: () => Promise<void>): Promise<number> {
    return this.journal.make(entry, change);
  }

  /** Leaves a change as it is: another one has taken its place. */
  forget(id: number): void {
    this.journal.forget(id);
  }

  async undo(ids: readonly (number | null)[]): Promise<void> {
    for (const id of [...ids].reverse()) if (id !== null) await this.journal.undo(id);
  }

  /** Throws `UserError` when there is no such interface. */
  async existingLink(name: string): Promise<Link> {
    const link = await this.netlink.link(name);
    if (link) return link;
    throw new UserError(`the interface ${name} does not exist`, { cause: 'it was removed while in use' });
  }
}

function referenceTo(link: Link): { index: number; name: string } {
  return { index: link.index, name: link.name };
}
