/** What on the machine will get in the tunnel's way. It is said, never silently changed. */
import { type HostState, isDefaultRoute } from './host-state.ts';
import { networkText, parsePrefix, prefixesOverlap } from './ip-prefix.ts';
import { type Link, TABLE_MAIN } from './network-objects.ts';
import { readSysctl } from './sysctl.ts';

export interface HostWarning {
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

const RP_FILTER_STRICT = 1;

/** The kernel uses the higher of the two settings (ip-sysctl: rp_filter). */
export async function strictReversePath(interfaceName: string): Promise<HostWarning | null> {
  const own = Number(await readSysctl(`net/ipv4/conf/${interfaceName}/rp_filter`));
  const all = Number(await readSysctl('net/ipv4/conf/all/rp_filter'));
  if (Math.max(own, all) !== RP_FILTER_STRICT) return null;
  return {
    what: `reverse path filtering is strict on ${interfaceName}`,
    why: 'the kernel drops answers of the server that come in here while its best route to the server is another one',
    fix: `sysctl -w net/ipv4/conf/${interfaceName}/rp_filter=2`,
  };
}

/** A machine with one way out gets everything by its best route; with several, clients may come in by another. */
export async function strictOnSeveralWays({ links, routes }: HostState): Promise<HostWarning[]> {
  const ways = routes.filter((route) => route.family === 4 && isDefaultRoute(route));
  const indices = new Set(ways.map(({ linkIndex }) => linkIndex));
  if (indices.size < 2) return [];
  const names = links.filter(({ index }) => indices.has(index)).map(({ name }) => name);
  const warnings = await Promise.all(names.map(strictReversePath));
  return warnings.flatMap((warning) =>
    warning === null
      ? []
      : [
          {
            ...warning,
            why: 'the kernel drops what clients send by another way than its answers would take',
          },
        ],
  );
}

/** Networks of other interfaces that share addresses with `cidr`: `192.168.1.0/24 on eth0`. */
export function overlapping(state: HostState, cidr: string, exceptLink?: string): string[] {
  const prefix = parsePrefix(cidr);
  if (!prefix) return [];
  const nameOf = (index?: number) => state.links.find((link: Link) => link.index === index)?.name;
  const used = [
    ...state.addresses.map((a) => ({ text: `${a.address}/${a.prefixLength}`, index: a.linkIndex })),
    ...state.routes
      .filter((route) => route.table === TABLE_MAIN && !route.destination.endsWith('/0'))
      .map((route) => ({ text: route.destination, index: route.linkIndex })),
  ];
  const found = used.flatMap(({ text, index }) => {
    const other = parsePrefix(text);
    const name = nameOf(index);
    if (!other || name === exceptLink || !prefixesOverlap(prefix, other)) return [];
    return [name ? `${networkText(other)} on ${name}` : networkText(other)];
  });
  return [...new Set(found)];
}
