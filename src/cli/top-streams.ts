/** Streams in `top`: those that stand still first, for somebody waits for them. */
import type { StreamSnapshot } from '../engine/messages.ts';
import type { Line } from './screen.ts';
import { formatStream } from './status-streams.ts';

export function streamLines(streams: readonly StreamSnapshot[]): Line[] {
  if (streams.length === 0) return [];
  const stalled = streams.filter(({ stalledMs }) => stalledMs !== null);
  const moving = streams.filter(({ stalledMs }) => stalledMs === null);
  const count = `${streams.length} ${streams.length === 1 ? 'stream' : 'streams'}`;
  return [
    [],
    [[count, 'bold'], ...(stalled.length === 0 ? [] : [[`, ${stalled.length} stalled`, 'warning'] as const])],
    ...[...stalled, ...moving].map((stream): Line => [formatStream(stream)]),
  ];
}
