/** Where a server listens for its clients: nowhere, unless its owner allows it. */
import { BlockList, isIPv6 } from 'node:net';
import { addressBytes } from './target.ts';

/** As text `[CLIENT@][ADDRESS:]PORT` or `…:FIRST-LAST`; parsed and checked by main. */
export interface ListenRule {
  /** Name of the only client that may; absent = every one. */
  readonly client?: string;
  /** IP text; `*` = any, and all of them at once; absent = where only this machine and the tunnel's clients reach it. */
  readonly address?: string;
  /** Inclusive. */
  readonly firstPort: number;
  readonly lastPort: number;
}

export class ListenPolicy {
  private readonly own = new BlockList();

  /** `pools`: CIDR text of the tunnel's networks. */
  constructor(
    private readonly rules: readonly ListenRule[],
    pools: readonly string[],
  ) {
    for (const network of ['127.0.0.0/8', '::1/128', ...pools]) {
      const [base, length] = network.split('/');
      this.own.addSubnet(base, Number(length), familyOf(base));
    }
  }

  /** `address`: IP text, '' = every one. `port` 0 is any, so every one must be allowed. */
  allows(client: string, address: string, port: number): boolean {
    return this.rules.some(
      (rule) =>
        (rule.client === undefined || rule.client === client) &&
        (port === 0 ? rule.firstPort === 1 : port >= rule.firstPort) &&
        (port === 0 ? rule.lastPort === 65_535 : port <= rule.lastPort) &&
        this.covers(rule, address),
    );
  }

  private covers(rule: ListenRule, address: string): boolean {
    if (rule.address === '*' || address === '') return rule.address === '*';
    if (rule.address !== undefined) return isSame(rule.address, address);
    return this.own.check(address, familyOf(address));
  }
}

/** However they are written. */
function isSame(a: string, b: string): boolean {
  return Buffer.compare(addressBytes(a), addressBytes(b)) === 0;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
