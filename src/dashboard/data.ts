/** What the page asks for each second. */
import type { Snapshot } from '../engine/messages.ts';
import type { TrendsAnswer } from '../trends/answer.ts';

export interface DashboardData {
  /** The program's. */
  readonly version: string;
  readonly machine: string;
  /** With the peer that was asked for; a client's server always. */
  readonly snapshot: Snapshot;
  readonly trends: TrendsAnswer;
}
