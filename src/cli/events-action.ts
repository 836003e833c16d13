/** Prints what a daemon has written down, and goes on with it while it is asked to. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/units.ts';
import { UserError } from '../errors.ts';
import { EventReader, type EventRecord } from '../state/event-reader.ts';
import { EventLines } from './events-view.ts';

/** Soon enough for somebody who watches. */
const LOOK_EVERY_MS = 250;

export interface EventsOptions {
  readonly since?: string;
  readonly isJson: boolean;
  readonly follows: boolean;
}

/** With `follows`, until a signal or until nobody reads. Throws `UserError`. */
export async function printEvents(
  stateDir: string,
  options: EventsOptions,
  write = (text: string) => process.stdout.write(text),
): Promise<void> {
  const { isJson, follows } = options;
  const reader = new EventReader(resolve(stateDir));
  const lines = new EventLines();
  const print = (records: readonly EventRecord[]) =>
    write(records.map((record) => (isJson ? `${JSON.stringify(record)}\n` : lines.format(record))).join(''));
  // `events -f | head` ends with head.
  let isRead = true;
  process.stdout.on('error', () => {
    isRead = false;
  });
  const records = await reader.readAll(sinceMs(options.since));
  print(records);
  if (records.length === 0 && !follows) process.stderr.write('nothing is recorded for that time\n');
  while (follows && isRead) {
    await sleep(LOOK_EVERY_MS);
    print(await reader.readNew());
  }
  await reader.close();
}

function sinceMs(since: string | undefined): number {
  if (since === undefined) return Number.NEGATIVE_INFINITY;
  const spanMs = parseDuration(since);
  if (spanMs !== undefined) return Date.now() - spanMs;
  throw new UserError(`--since: expected a duration such as 90m, 12h or 7d, got ${JSON.stringify(since)}`, {
    exitCode: 2,
  });
}
