/**
 * Where streams may lead. Deny goes before allow; without any allow rule for a client everything that this machine reaches is allowed, but its
 * loopback, its link and multicast. The connections are this machine's own: no rule of its firewall about packets from the tunnel sees them.
 */
import { BlockList, isIPv6 } from 'node:net';

/** As text `[CLIENT@]NETWORK`, `…:PORT` or `…:FIRST-LAST`; parsed and checked by main. */
export interface TargetRule {
  /** Name of the only client that it is for; absent = every one. */
  readonly client?: string;
  /** CIDR text. */
  readonly network: string;
  /** Inclusive; 0 and 65,535 = all. */
  readonly firstPort: number;
  readonly lastPort: number;
}

export interface TargetRules {
  readonly allow: readonly TargetRule[];
  readonly deny: readonly TargetRule[];
}

/** Nobody beyond this machine has these. */
const OWN_NETWORKS = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
] as const;
/** IPv4 in IPv6 (RFC 4291 §2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

export class TargetPolicy {
  private readonly allow: readonly Matcher[];
  private readonly deny: readonly Matcher[];
  private readonly own: readonly Matcher[];

  constructor(rules: TargetRules) {
    this.allow = rules.allow.map(matcher);
    this.deny = rules.deny.map(matcher);
    this.own = OWN_NETWORKS.map((network) => matcher({ network, firstPort: 0, lastPort: 65_535 }));
  }

  /** `address`: IP text. */
  allows(address: string, port: number, client: string): boolean {
    const plain = MAPPED.exec(address)?.[1] ?? address;
    const isIn = (matchers: readonly Matcher[]) => matchers.some(({ matches }) => matches(plain, port));
    if (isIn(this.deny.filter(isFor(client)))) return false;
    const allow = this.allow.filter(isFor(client));
    return isIn(allow) || (allow.length === 0 && !isIn(this.own));
  }
}

interface Matcher extends Pick<TargetRule, 'client'> {
  matches(address: string, port: number): boolean;
}

function isFor(name: string): (rule: Matcher) => boolean {
  return ({ client }) => client === undefined || client === name;
}

function matcher({ client, network, firstPort, lastPort }: TargetRule): Matcher {
  const [base, length] = network.split('/');
  const list = new BlockList();
  list.addSubnet(base, Number(length), familyOf(base));
  const matches = (address: string, port: number) =>
    port >= firstPort && port <= lastPort && list.check(address, familyOf(address));
  return { client, matches };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
