/** What the kill switch lets out. Everything else that would leave this network namespace is refused. */
import { UserError } from '../../errors.ts';
import { stateSeed } from '../state-seed.ts';

export interface Server {
  readonly address: string;
  readonly port: number;
}

export interface SwitchPlan {
  /** Of the instance: names table and chains. */
  readonly name: string;
  readonly tunName: string;
  /** First of the instance's 256 marks: only who may administer the network can set one. */
  readonly markBase: number;
  /** Datagrams of ours to these leave. */
  readonly servers: readonly Server[];
  /** CIDR text: networks that may be reached past the tunnel. */
  readonly allowed: readonly string[];
}

/** Of a state directory's instance. */
export function instanceName(stateDir: string): string {
  return `resip-vpn-${stateSeed(stateDir).toString(16).padStart(6, '0')}`;
}

/** An interface name as it may stand in a rule: elsewhere `*` is a pattern, and quotes end a string. */
export function ruleInterface(name: string): string {
  if (/^[A-Za-z0-9_.@-]+$/.test(name)) return name;
  throw new UserError(`${name} cannot be used with the kill switch`, {
    cause: 'the firewall would read some of its characters as a pattern',
    fix: 'use a name of letters, digits, dots, - and _',
    exitCode: 2,
  });
}

export function inFamily<T extends { address: string } | string>(values: readonly T[], family: 4 | 6): T[] {
  const textOf = (value: T) => (typeof value === 'string' ? value : value.address);
  return values.filter((value) => textOf(value).includes(':') === (family === 6));
}
