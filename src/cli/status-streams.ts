/** The streams of one peer for people. */
import type { StreamSnapshot } from '../engine/messages.ts';
import { formatBytes, formatSpan } from '../format.ts';

/** More are counted only; `--json` has them all. */
const MAX_LINES = 20;

const REASONS = {
  'no-path': 'no link is up',
  reader: 'nobody reads at the other end',
  'no-answer': 'the other end does not answer',
} as const;

/** `refused`: as many were, for want of room. */
export function formatStreams(streams: readonly StreamSnapshot[], refused: number): string[] {
  if (streams.length === 0 && refused === 0) return [];
  const rest = streams.length - MAX_LINES;
  return [
    `  ${streams.length} ${streams.length === 1 ? 'stream' : 'streams'}${refused > 0 ? `, ${refused} refused: there were too many` : ''}`,
    ...streams.slice(0, MAX_LINES).map(formatStream),
    ...(rest > 0 ? [`    and ${rest} more`] : []),
  ];
}

export function formatStream(stream: StreamSnapshot): string {
  const { target, state, ageMs, sentBytes, receivedBytes, waitingBytes, stalledMs, stalledBy } = stream;
  const parts = [
    `${target}, ${state === 'open' ? 'open' : 'starting'} for ${formatSpan(ageMs)}`,
    ...(stalledMs !== null && stalledBy !== null
      ? [`stalled for ${formatSpan(stalledMs)}: ${REASONS[stalledBy]}`]
      : []),
    ...(waitingBytes > 0 ? [`${formatBytes(waitingBytes)} waiting`] : []),
    `sent ${formatBytes(sentBytes)}`,
    `received ${formatBytes(receivedBytes)}`,
  ];
  return `    ${parts.join(', ')}`;
}
