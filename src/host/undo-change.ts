/** Takes changes back. Each inverse touches exactly what the entry names, and nothing when that is gone already. */
import { ErrnoError } from '../errors.ts';
import { restoreResolvConf } from './dns/resolv-conf.ts';
import { removeSwitch } from './kill-switch/firewall.ts';
import { runNat } from './nat-script.ts';
import type { Netlink } from './netlink/netlink.ts';
import { ROUTE_PROTOCOL, type Rule } from './network-objects.ts';
import { runPersist } from './persist-redirect.ts';
import { runTool } from './run-tool.ts';
import type { LinkReference, UndoEntry } from './undo-entry.ts';

/** Throws when something is there and does not go away. */
export async function undoChange(netlink: Netlink, entry: UndoEntry): Promise<void> {
  switch (entry.kind) {
    case 'address':
      if (!(await isSameLink(netlink, entry.link))) return;
      return unlessGone(netlink.deleteAddress(entry.link.index, entry.address, entry.prefixLength));
    case 'route':
      if (!(await isSameLink(netlink, entry.link))) return;
      return unlessGone(netlink.deleteRoute(entry.route));
    case 'table': {
      const routes = await netlink.routes(entry.family);
      for (const route of routes) {
        if (route.table !== entry.table || route.protocol !== ROUTE_PROTOCOL) continue;
        await unlessGone(netlink.deleteRoute(route));
      }
      return;
    }
    case 'rule':
      if (!(await hasRule(netlink, entry.rule))) return;
      return unlessGone(netlink.deleteRule(entry.rule));
    case 'link':
      return restoreLink(netlink, entry);
    case 'nat':
      return runNat('down', entry.arguments);
    case 'persist':
      return runPersist('down', entry.arguments);
    case 'kill-switch':
      return removeSwitch(entry.tool, entry.name);
    case 'dns':
      return forgetDns(netlink, entry);
    case 'resolv-conf':
      return restoreResolvConf(entry.path, entry.instance, entry.before);
  }
}

/** The kernel does not compare `not` and the protocol when it deletes: this does. */
export async function hasRule(netlink: Netlink, rule: Rule): Promise<boolean> {
  return (await netlink.rules(rule.family)).some((other) => isSameRule(other, rule));
}

function isSameRule(a: Rule, b: Rule): boolean {
  return (
    a.family === b.family &&
    a.priority === b.priority &&
    a.action === b.action &&
    (a.action !== 'lookup' || a.table === b.table) &&
    a.mark === b.mark &&
    a.mask === b.mask &&
    a.isInverted === b.isInverted &&
    a.suppressPrefixLength === b.suppressPrefixLength &&
    a.protocol === b.protocol
  );
}

async function isSameLink(netlink: Netlink, reference: LinkReference): Promise<boolean> {
  return (await netlink.link(reference.name))?.index === reference.index;
}

async function restoreLink(netlink: Netlink, entry: UndoEntry & { kind: 'link' }): Promise<void> {
  const link = await netlink.link(entry.link.name);
  if (link?.index !== entry.link.index) return;
  const keys = Object.keys(entry.set) as (keyof typeof entry.set)[];
  const stillOurs = keys.filter((key) => link[key] === entry.set[key]);
  const settings = Object.fromEntries(stillOurs.map((key) => [key, entry.previous[key]]));
  await netlink.setLink(link.index, settings);
}

/** systemd-resolved forgets an interface that goes by itself, and complains when asked about one that went. */
async function forgetDns(netlink: Netlink, { tool, tunName }: UndoEntry & { kind: 'dns' }): Promise<void> {
  if (tool === 'resolvconf') await runTool('resolvconf', ['-d', tunName]);
  else if (await netlink.link(tunName)) await runTool('resolvectl', ['revert', tunName]);
}

async function unlessGone(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    const isGone = error instanceof ErrnoError && GONE.has(error.code);
    if (!isGone) throw error;
  }
}

const GONE = new Set(['ENOENT', 'ESRCH', 'ENODEV', 'EADDRNOTAVAIL']);
