/** Whether the server is silent although it was asked: then the client shakes hands anew. */
import type { Association } from './association/association.ts';
import { isUsable } from './path/path-state.ts';
import type { Session } from './session/session.ts';

/** Silence while answers are overdue: between these, by the slowest path's answer time, a new handshake begins. */
const MIN_SILENCE_MS = 600;
export const MAX_SILENCE_MS = 2_000;

/** When silence becomes a reason if nothing comes until then; Infinity = no question is open. */
export function silentAtMs({ paths, hasUsablePath }: Association, session: Session): number {
  let askedMs = Number.POSITIVE_INFINITY;
  let answerMs = 0;
  for (const path of paths) {
    if (path === null) continue;
    answerMs = Math.max(answerMs, path.answerMs);
    // Only paths in use count: a dead link beside an idle one says nothing about the server.
    if (!hasUsablePath || isUsable(path.state)) askedMs = Math.min(askedMs, path.probes.oldestMs());
  }
  const patienceMs = Math.min(MAX_SILENCE_MS, Math.max(MIN_SILENCE_MS, 1.5 * answerMs));
  return Math.max(session.lastReceivedMs, askedMs) + patienceMs;
}
