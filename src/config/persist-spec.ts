/** Which TCP connections outlive outages by themselves: `tcp:22,443,8000-8100`, or `all`. */
import { parsePort } from './units.ts';

export const PERSIST_EXAMPLE = 'all, or ports such as tcp:22,443,8000-8100';

/** Ports and ranges of ports as nft(8) takes them. Undefined for what is none. */
export function parsePersist(text: string): readonly string[] | undefined {
  if (text === 'all' || text === 'tcp') return ['1-65535'];
  if (!text.startsWith('tcp:')) return undefined;
  const ranges = text.slice('tcp:'.length).split(',').map(parseRange);
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

function parseRange(text: string): string | undefined {
  const [first, last = first, ...others] = text.split('-').map(parsePort);
  if (first === undefined || last === undefined || last < first || others.length > 0) return undefined;
  return first === last ? `${first}` : `${first}-${last}`;
}
