import { expect, test } from 'vitest';
import { limitedLog } from '../../src/host/limited-log.ts';

test('the same warning comes every ten seconds at most, and says how often it was; others come at once', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const warn = (fields: object, event: string) =>
    void lines.push(`${nowMs} ${event} ${JSON.stringify(fields)}`);
  const log = limitedLog({ debug: () => {}, info: () => {}, warn }, () => nowMs);
  for (; nowMs < 20_000; nowMs += 1_000) log.warn({ priority: 7 }, 'rule-put-back');
  log.warn({ priority: 8 }, 'rule-put-back');
  expect(lines).toEqual([
    '0 rule-put-back {"priority":7}',
    '10000 rule-put-back {"priority":7,"times":10}',
    '20000 rule-put-back {"priority":8}',
  ]);
});
