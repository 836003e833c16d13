/**
 * Which marks, tables and rule priorities an instance uses: a block of 256 numbers that nobody else has.
 *
 * `base | path` marks the sockets of a path and names its table, `base | 255` is the table of the tunnel, and
 * `base / 0xffffff00` matches every path at once: what the tunnel must not swallow.
 */
import type { Rule } from './network-objects.ts';

export const MARK_MASK = 0xffffff00;
/** Path numbers are 0..251. */
export const MAX_PATH = 251;
/** Blocks lie in 0x52000000..0x52ffffff: far from the small marks of people and from the bits that Tailscale (0xff0000), Kubernetes (0xc000) and wg-quick (51820) use. */
const FIRST_BASE = 0x52000000;
const BLOCKS = 0x10000;
const BLOCK_SIZE = 0x100;
const PRIORITY_OF_MAIN = 32766;

export function markOf(base: number, path: number): number {
  return base + path;
}

/** Of packets that stay on this machine, and of their table: `scripts/persist.sh`. */
export function persistMark(base: number): number {
  return base + 252;
}

/**
 * Of first packets that the kernel shall answer, as what is added to it: 1 reset, 2 host unreachable, 3 network unreachable,
 * 4 prohibited. Outside of the block, so that they are routed as the programs' own: towards the tunnel.
 */
export function persistAnswerMark(base: number): number {
  return base + BLOCKS * BLOCK_SIZE;
}

/** The group of nfnetlink_log by which first packets come to the client: as many as there are blocks. */
export function persistGroup(base: number): number {
  return (base - FIRST_BASE) / BLOCK_SIZE;
}

/** Of programs that are kept out of the tunnel. */
export function excludedMark(base: number): number {
  return base + 253;
}

/** Of questions for the server's name: they cannot wait for the tunnel that they are to find. */
export function lookupMark(base: number): number {
  return base + 254;
}

export function tunnelTable(base: number): number {
  return base + 255;
}

/**
 * First free block at or after the one that `seed` points to; instances with different seeds start far apart, so that
 * two that start at once do not meet. A block whose marks no foreign rule matches is better; where a rule with a short
 * mask (`fwmark 1/0xff`) matches some of every block, one that is merely unused will do: our rules come first.
 * Null when all 65,536 are in use.
 */
export function findFreeBase(seed: number, rules: readonly Rule[], tables: Iterable<number>): number | null {
  const used = new Set([...tables, ...rules.flatMap((rule) => [rule.table, rule.mark ?? 0])].map(blockOf));
  const bases = Array.from({ length: BLOCKS }, (_, i) => FIRST_BASE + ((seed + i) % BLOCKS) * BLOCK_SIZE);
  const free = bases.filter((base) => !used.has(base));
  return free.find((base) => !rules.some((rule) => matches(rule, base))) ?? free[0] ?? null;
}

/** Path rules go before everything foreign: they match nothing but our own marks, and nothing may overrule them. */
export function pathPriority(rules: readonly Rule[], ours: number): number {
  const foreign = rules.filter((rule) => rule.priority > 0 && rule.protocol !== ours).map((r) => r.priority);
  return Math.max(1, Math.min(PRIORITY_OF_MAIN, ...foreign) - 1);
}

/**
 * First of two neighbouring free priorities, as late as possible before the main table: what the owner of the machine
 * routes by rules of his own (replies from a second address, another VPN's prefixes) stays as it is. 0 when none is free.
 */
export function tunnelPriority(rules: readonly Rule[]): number {
  const used = new Set(rules.map((rule) => rule.priority));
  let priority = PRIORITY_OF_MAIN - 2;
  while (priority > 0 && (used.has(priority) || used.has(priority + 1))) priority--;
  return priority;
}

/** True when a rule matches at least one mark of the block. An inverted one matches most marks there are. */
function matches(rule: Rule, base: number): boolean {
  if (rule.mark === undefined || rule.mask === undefined || rule.isInverted) return false;
  const common = (rule.mask & MARK_MASK) >>> 0;
  return (base & common) >>> 0 === (rule.mark & common) >>> 0;
}

function blockOf(number: number): number {
  return (number & MARK_MASK) >>> 0;
}
