/** Which TCP connections outlive outages by themselves: `tcp:22,443,8000-8100`, or `all`. */
import { parsePortRange } from './units.ts';

export const PERSIST_EXAMPLE = 'all, or ports such as tcp:22,443,8000-8100';

/** Ports and ranges of ports as nft(8) takes them. Undefined for what is none. */
export function parsePersist(text: string): readonly string[] | undefined {
  if (text === 'all' || text === 'tcp') return ['1-65535'];
  if (!text.startsWith('tcp:')) return undefined;
  const ranges = text.slice('tcp:'.length).split(',').map(parseRange);
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

function parseRange(text: string): string | undefined {
  const range = parsePortRange(text);
  if (range === undefined) return undefined;
  const { firstPort, lastPort } = range;
  return firstPort === lastPort ? `${firstPort}` : `${firstPort}-${lastPort}`;
}
