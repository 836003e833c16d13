/**
 * Rules as people write them: `MATCH[,MATCH…]=POLICY`, where all matches have to hold. The grammar stands in `RULE_GRAMMAR`.
 */
import { Protocol } from '../wire/flow.ts';
import { findPolicy, POLICY_NAMES } from './policy.ts';
import type { Range, Rule } from './rule.ts';

/** For `--help`. */
export const RULE_GRAMMAR = `  MATCH[,MATCH…]=POLICY, all matches together:
  tcp, udp, icmp, proto:47      protocol
  udp:5060, tcp:5000-5100       protocol and either port
  port:53                       either port
  dscp:ef, dscp:46              DSCP by name or number
  size:0-300                    bytes of the IP packet
  any                           everything`;

const RULE_EXAMPLE = "'udp:5000-5100=redundant', 'tcp:22=redundant', 'dscp:ef,size:0-300=redundant'";

const PROTOCOLS: Readonly<Record<string, number>> = {
  tcp: Protocol.TCP,
  udp: Protocol.UDP,
  icmp: Protocol.ICMP,
};
/** Class selectors, assured and expedited forwarding: RFC 2474, 2597, 3246, 5865, 8622. */
const DSCP_NAMES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`cs${i}`, 8 * i])),
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((level) => [1, 2, 3].map((drop) => [`af${level}${drop}`, 8 * level + 2 * drop])),
  ),
  ef: 46,
  va: 44,
  le: 1,
};
const MAX_DSCP = 63;
const MAX_PROTOCOL = 255;
const MAX_U16 = 65_535;

/** The rule, or what is wrong with the text. */
export function parseRule(text: string): Rule | string {
  const at = text.lastIndexOf('=');
  if (at < 0) return `it has no policy: MATCH=POLICY, such as ${RULE_EXAMPLE}`;
  const name = text.slice(at + 1).trim();
  const policy = findPolicy(name);
  if (policy === undefined) return `there is no policy "${name}"; there are ${POLICY_NAMES.join(', ')}`;
  let rule: Rule = { protocol: null, ports: null, dscp: null, size: null, policy: policy.name };
  const words = text.slice(0, at).split(',');
  for (const word of words.map((part) => part.trim().toLowerCase())) {
    const part = parseMatch(word);
    if (typeof part === 'string') return part;
    const twice = Object.keys(part).find((key) => rule[key as keyof Rule] !== null);
    if (twice !== undefined) return `"${word}" says ${twice} a second time`;
    rule = { ...rule, ...part };
  }
  return rule;
}

/** As `parseRule` reads it. */
export function formatRule({ protocol, ports, dscp, size, policy }: Rule): string {
  const parts: string[] = [];
  const name = Object.keys(PROTOCOLS).find((key) => PROTOCOLS[key] === protocol);
  if (protocol !== null && name === undefined) parts.push(`proto:${protocol}`);
  if (ports !== null) parts.push(`${name ?? 'port'}:${formatRange(ports)}`);
  else if (name !== undefined) parts.push(name);
  if (dscp !== null)
    parts.push(`dscp:${Object.keys(DSCP_NAMES).find((key) => DSCP_NAMES[key] === dscp) ?? dscp}`);
  if (size !== null) parts.push(`size:${formatRange(size)}`);
  return `${parts.join(',') || 'any'}=${policy}`;
}

function parseMatch(word: string): Partial<Rule> | string {
  const [key, value] = splitOnce(word);
  if (key in PROTOCOLS) return parsePorts(word, value, { protocol: PROTOCOLS[key] });
  switch (key) {
    case 'any':
      return value === undefined ? {} : `"${word}": any stands alone`;
    case 'port':
      return value === undefined ? `"${word}" names no port, such as port:53` : parsePorts(word, value, {});
    case 'proto': {
      const protocol = parseNumber(value, MAX_PROTOCOL);
      if (protocol === undefined) return `"${word}" is no protocol number from 0 to ${MAX_PROTOCOL}`;
      return { protocol: protocol === Protocol.ICMP6 ? Protocol.ICMP : protocol };
    }
    case 'dscp': {
      const dscp = DSCP_NAMES[value ?? ''] ?? parseNumber(value, MAX_DSCP);
      return dscp === undefined
        ? `"${word}" is no DSCP: 0 to ${MAX_DSCP}, ef, af11 … af43, cs0 … cs7`
        : { dscp };
    }
    case 'size': {
      const size = parseRange(value);
      return size === undefined ? `"${word}" is no size in bytes, such as size:0-300` : { size };
    }
    default:
      return `"${word}" matches nothing: known are tcp, udp, icmp, proto:N, port:N, dscp:NAME, size:FROM-TO, any`;
  }
}

function parsePorts(word: string, value: string | undefined, rest: Partial<Rule>): Partial<Rule> | string {
  if (value === undefined) return rest;
  if (rest.protocol === Protocol.ICMP) return `"${word}": ICMP has no ports`;
  const ports = parseRange(value);
  return ports === undefined
    ? `"${word}" is no port or range of ports, such as 5060 or 5000-5100`
    : { ...rest, ports };
}

function parseRange(text: string | undefined): Range | undefined {
  const [first, second] = (text ?? '').split('-', 2);
  const from = parseNumber(first, MAX_U16);
  const to = second === undefined ? from : parseNumber(second, MAX_U16);
  const isRange = from !== undefined && to !== undefined && from <= to && text?.split('-').length !== 3;
  return isRange ? { from, to } : undefined;
}

function parseNumber(text: string | undefined, max: number): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= max ? Number(text) : undefined;
}

function formatRange({ from, to }: Range): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

function splitOnce(word: string): [string, string | undefined] {
  const at = word.indexOf(':');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
