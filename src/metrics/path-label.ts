/** What tells the paths of one peer apart for as long as it lives. */
import type { PathSample } from '../engine/messages.ts';

/** The interface, and its family where there may be two; on a server the client's number: outer addresses change all the time. */
export function pathLabel({
  interfaceName,
  remote,
  path,
}: Pick<PathSample, 'interfaceName' | 'remote' | 'path'>): string {
  if (interfaceName === undefined) return String(path);
  return remote.startsWith('[') ? `${interfaceName}/IPv6` : interfaceName;
}
