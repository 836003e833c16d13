/** Rules of others that would keep clients out, or their packets in. They are found and said, never changed. */
import type { HostWarning } from './host-warnings.ts';
import { runTool } from './run-tool.ts';

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

export interface ServerTraffic {
  readonly tunName: string;
  /** UDP ports that clients come to. */
  readonly ports: readonly number[];
  /** Packets of clients go on to other networks. */
  readonly forwards: boolean;
}

/** Nothing where there is no nft: then iptables alone decides, and our chain is its first. */
export async function firewallObstacles({ tunName, ports, forwards }: ServerTraffic): Promise<HostWarning[]> {
  const ruleset = await runTool('nft', ['list', 'ruleset']).catch(() => '');
  const chains = readChains(ruleset);
  const found: HostWarning[] = [];
  if (forwards) {
    for (const chain of chains.filter(stopsForwarding)) {
      const place = `${chain.family} ${chain.table} ${chain.name}`;
      const isFirewalld = chain.table === 'firewalld';
      found.push({
        what: `the firewall chain ${place} keeps what clients send from getting on`,
        why: 'whatever one table lets through, another can still drop',
        fix: isFirewalld
          ? `firewall-cmd --permanent --zone=trusted --add-interface=${tunName} && firewall-cmd --reload`
          : `nft insert rule ${place} iifname ${tunName} accept; nft insert rule ${place} oifname ${tunName} ct state established,related accept`,
      });
    }
  }
  const closed = chains.find(stopsInput);
  for (const port of ports) {
    if (closed === undefined || new RegExp(`dport[^\\n]*\\b${port}\\b`).test(ruleset)) continue;
    found.push({
      what: `the firewall chain ${closed.family} ${closed.table} ${closed.name} may keep clients out`,
      why: `it drops what no rule lets in, and none names UDP port ${port}`,
      fix: `${letIn(closed, ruleset, port)}`,
    });
  }
  return found;
}

/** Firewalld's chains accept by policy and reject by their last rule. */
const stops = (hook: string) => (chain: Chain) =>
  chain.hook === hook && (chain.policy === 'drop' || chain.table === 'firewalld');
const stopsInput = stops('input');

/** In iptables' own tables the jump to our chain stands first. */
function stopsForwarding(chain: Chain): boolean {
  const isIptables = chain.table === 'filter' && chain.name === 'FORWARD';
  return stops('forward')(chain) && !isIptables;
}

function letIn({ family, table, name }: Chain, ruleset: string, port: number): string {
  if (table === 'firewalld')
    return `firewall-cmd --permanent --add-port=${port}/udp && firewall-cmd --reload`;
  if (/\bufw-user-input\b/.test(ruleset)) return `ufw allow ${port}/udp`;
  if (table === 'filter' && name === 'INPUT') return `iptables -I INPUT -p udp --dport ${port} -j ACCEPT`;
  return `nft insert rule ${family} ${table} ${name} udp dport ${port} accept`;
}

/** Base chains, from the text of a ruleset: its JSON form can be a hundred times as long. */
function readChains(ruleset: string): Chain[] {
  const chains: Chain[] = [];
  let family = '';
  let table = '';
  let name = '';
  for (const line of ruleset.split('\n')) {
    const head = /^table (\S+) (\S+) \{/.exec(line);
    if (head !== null) [, family, table] = head;
    name = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? name;
    const base = /^\s+type filter hook (\S+) priority [^;]*;(?: policy (\w+);)?/.exec(line);
    // What belongs to this machine's users is left to them: kill switches close output, and input for their own sake.
    if (base !== null && !table.startsWith('resip-vpn-'))
      chains.push({ family, table, name, hook: base[1], policy: base[2] });
  }
  return chains;
}
