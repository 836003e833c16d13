/**
 * The kill switch as nftables reads it: one table of our own for both families, replaced in one transaction. Accepting
 * here overrules nobody else's drop, and dropping is final whatever others accept (nft(8), "priority").
 */
import { excludedMark, lookupMark, MARK_MASK, persistMark } from '../routing-plan.ts';
import { inFamily, ruleInterface, type SwitchPlan } from './switch-plan.ts';

/** Both families at once: at no moment is one of them open, or the old table gone and the new one not there. */
export function nftTable(plan: SwitchPlan): string {
  const { name, allowed, servers } = plan;
  const tun = ruleInterface(plan.tunName);
  return `table inet ${name}
delete table inet ${name}
table inet ${name} {
  set servers4 { type ipv4_addr . inet_service; ${elements(serverElements(servers, 4))} }
  set servers6 { type ipv6_addr . inet_service; ${elements(serverElements(servers, 6))} }
  set allowed4 { type ipv4_addr; flags interval; auto-merge; ${elements(inFamily(allowed, 4))} }
  set allowed6 { type ipv6_addr; flags interval; auto-merge; ${elements(inFamily(allowed, 6))} }

  chain tunnel {
    meta mark & ${hex(MARK_MASK)} == ${hex(plan.markBase)} ip daddr . udp dport @servers4 accept
    meta mark & ${hex(MARK_MASK)} == ${hex(plan.markBase)} ip6 daddr . udp dport @servers6 accept
    meta mark ${hex(lookupMark(plan.markBase))} udp dport 53 accept
  }

  # What a link needs to come up: addresses (DHCP), neighbours and routers (RFC 4861), and the group membership (MLD)
  # without which switches do not hand on the neighbours' questions.
  chain link {
    udp sport 68 udp dport 67 accept
    ip6 saddr fe80::/10 udp sport 546 udp dport 547 accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
    icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } ip6 hoplimit 1 accept
  }

  chain allowed {
    ip daddr @allowed4 accept
    ip6 daddr @allowed6 accept
  }

  # What was kept out of the tunnel on purpose is known by the mark of its connection (scripts/exclude.sh).
  # What the hosts of a network behind this machine hear of connections that scripts/persist.sh took goes to where they came from.
  # Refused and not dropped: a program hears at once, and an open connection takes it for a passing fault.
  chain output {
    type filter hook output priority filter; policy drop;
    oifname { "lo", "${tun}" } accept
    jump tunnel
    jump link
    jump allowed
    ct mark ${hex(excludedMark(plan.markBase))} accept
    ct mark ${hex(persistMark(plan.markBase))} ct direction reply accept
    counter reject with icmpx type admin-prohibited
  }

  chain forward {
    type filter hook forward priority filter; policy drop;
    oifname "${tun}" accept
    iifname "${tun}" accept
    jump allowed
    counter
  }
}
`;
}

/** The servers' addresses have changed. One transaction. */
export function nftServers({ name, servers }: Pick<SwitchPlan, 'name' | 'servers'>): string {
  const lines = ([4, 6] as const).flatMap((family) => {
    const own = serverElements(servers, family);
    const set = `inet ${name} servers${family}`;
    return [`flush set ${set}`, ...(own.length === 0 ? [] : [`add element ${set} { ${own.join(', ')} }`])];
  });
  return `${lines.join('\n')}\n`;
}

function serverElements(servers: SwitchPlan['servers'], family: 4 | 6): string[] {
  return inFamily(servers, family).map(({ address, port }) => `${address} . ${port}`);
}

function elements(values: readonly string[]): string {
  return values.length === 0 ? '' : `elements = { ${values.join(', ')} };`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
