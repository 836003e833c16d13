/**
 * The kill switch where there is no nft: two chains of our own per family, each family replaced in one step by
 * `iptables-restore --noflush` (a chain that it declares is emptied first). What may leave RETURNs: the rules of
 * others, which may refuse it, come after.
 */
import { lookupMark, MARK_MASK } from '../routing-plan.ts';
import { inFamily, ruleInterface, type SwitchPlan } from './switch-plan.ts';

export interface ChainNames {
  readonly output: string;
  readonly forward: string;
}

/** At most 28 characters each (XT_EXTENSION_MAXNAMELEN). `name` is that of the plan. */
export function chainNames(name: string): ChainNames {
  const instance = name.split('-').at(-1);
  return { output: `RESIP-KSO-${instance}`, forward: `RESIP-KSF-${instance}` };
}

/** `hooks`: which of OUTPUT and FORWARD still have no way into our chains. */
export function iptablesRules(plan: SwitchPlan, family: 4 | 6, hooks: readonly (keyof ChainNames)[]): string {
  const chains = chainNames(plan.name);
  const tun = ruleInterface(plan.tunName);
  const mark = `-m mark --mark 0x${plan.markBase.toString(16)}/0x${MARK_MASK.toString(16)}`;
  const lookups = `-p udp --dport 53 -m mark --mark 0x${lookupMark(plan.markBase).toString(16)}`;
  const allowed = inFamily(plan.allowed, family).map((network) => `-d ${network}`);
  const servers = inFamily(plan.servers, family).map(
    ({ address, port }) => `-d ${address} -p udp --dport ${port} ${mark}`,
  );
  const pass = (chain: string, matches: readonly string[]) =>
    matches.map((m) => `-A ${chain} ${m} -j RETURN`);
  const reject = family === 4 ? 'icmp-admin-prohibited' : 'icmp6-adm-prohibited';
  return [
    '*filter',
    `:${chains.output} - [0:0]`,
    `:${chains.forward} - [0:0]`,
    ...pass(chains.output, ['-o lo', `-o ${tun}`, ...servers, lookups, ...linkMatches(family), ...allowed]),
    `-A ${chains.output} -j REJECT --reject-with ${reject}`,
    ...pass(chains.forward, [`-o ${tun}`, `-i ${tun}`, ...allowed]),
    `-A ${chains.forward} -j DROP`,
    ...hooks.map((hook) => `-I ${hook.toUpperCase()} 1 -j ${chains[hook]}`),
    'COMMIT',
    '',
  ].join('\n');
}

/** What a link needs to come up: DHCP, neighbours, routers, group membership. */
function linkMatches(family: 4 | 6): string[] {
  if (family === 4) return ['-p udp --sport 68 --dport 67'];
  const discovery = ['router-solicitation', 'neighbour-solicitation', 'neighbour-advertisement'];
  /** RFC 2710, RFC 3810: report, done, version 2 report. */
  const membership = [131, 132, 143];
  return [
    '-s fe80::/10 -p udp --sport 546 --dport 547',
    ...discovery.map((type) => `-p icmpv6 --icmpv6-type ${type} -m hl --hl-eq 255`),
    ...membership.map((type) => `-p icmpv6 --icmpv6-type ${type} -m hl --hl-eq 1`),
  ];
}
