/** Everything a VPN changes on a machine, as text that can be compared before and after. */
import type { Namespace } from './namespace.ts';

/** What is asked, in order. */
const QUESTIONS: readonly (readonly string[])[] = [
  ['ip', '-j', 'link'],
  ['ip', '-j', 'addr'],
  ['ip', '-4', '-j', 'route', 'show', 'table', 'all'],
  ['ip', '-6', '-j', 'route', 'show', 'table', 'all'],
  ['ip', '-4', '-j', 'rule'],
  ['ip', '-6', '-j', 'rule'],
  ['iptables-save'],
  ['ip6tables-save'],
  ['nft', 'list', 'ruleset'],
  ['sysctl', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv4.conf.all.rp_filter'],
  ['sysctl', '-a', '-r', 'forwarding|rp_filter|src_valid_mark|disable_ipv6'],
  ['cat', '/etc/resolv.conf'],
];

/** One line of output per line, JSON an item a line, without what changes by itself: counters, ages, dates. */
export async function hostState(namespace: Namespace): Promise<string> {
  const answers: string[] = [];
  for (const words of QUESTIONS) {
    answers.push(`# ${words.join(' ')}`, ...normalise(await namespace.run(words)));
  }
  return answers.join('\n');
}

function normalise(output: string): string[] {
  if (output.startsWith('[')) return (JSON.parse(output) as unknown[]).map(itemText).sort();
  return output
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# '))
    .map((line) =>
      line.replace(/\[\d+:\d+\]/g, '[0:0]').replace(/counter packets \d+ bytes \d+/g, 'counter'),
    );
}

function itemText(item: unknown): string {
  return JSON.stringify(item, (key, value) =>
    ['valid_life_time', 'preferred_life_time', 'expires', 'age'].includes(key) ? undefined : value,
  );
}
