/** The inverse of each kind of change, as data that outlives the process. */
import type { FileBefore } from './dns/resolv-conf.ts';
import type { Family } from './ip-prefix.ts';
import type { FirewallTool } from './kill-switch/firewall.ts';
import type { LinkSettings } from './netlink/link-message.ts';
import type { Route, Rule } from './network-objects.ts';

/** An interface by both of its names: a later one with the same name or number is another one. */
export interface LinkReference {
  readonly index: number;
  readonly name: string;
}

/** A restart of the machine takes back everything else. */
export function outlivesBoot({ kind }: UndoEntry): boolean {
  return kind === 'resolv-conf';
}

export type UndoEntry =
  /** Delete an address. */
  | { kind: 'address'; link: LinkReference; address: string; prefixLength: number }
  /** Delete one route. */
  | { kind: 'route'; link: LinkReference; route: Route }
  /** Delete every route of ours from a table that is ours. */
  | { kind: 'table'; family: Family; table: number }
  /** Delete a rule. */
  | { kind: 'rule'; rule: Rule }
  /** Give back what of `set` is still so. */
  | { kind: 'link'; link: LinkReference; previous: LinkSettings; set: LinkSettings }
  /** `nat.sh down` with these arguments; the script keeps the kernel settings of before in its own notes. */
  | { kind: 'nat'; arguments: readonly string[] }
  /** `persist.sh down` with these arguments. */
  | { kind: 'persist'; arguments: readonly string[] }
  /** Take the kill switch away. `name` is that of its plan. */
  | { kind: 'kill-switch'; tool: FirewallTool; name: string }
  /** Let the program forget what it was told about the interface. */
  | { kind: 'dns'; tool: 'resolvectl' | 'resolvconf'; tunName: string }
  /** Put back what was there, where `instance`'s text still stands. */
  | { kind: 'resolv-conf'; path: string; instance: string; before: FileBefore };
