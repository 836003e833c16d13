import { expect, it } from 'vitest';
import { StaleCallers } from '../../../src/proto/stale-callers.ts';

it('knows a second machine with the same keys by numbers that count up, and tells of it once', () => {
  const callers = new StaleCallers();
  expect([5, 6, 7, 8, 9].map((counter) => callers.handle('twin', counter))).toEqual([
    false,
    false,
    true,
    false,
    false,
  ]);
});

it('takes neither a replay nor a late copy for one', () => {
  const callers = new StaleCallers();
  for (let i = 0; i < 10; i++) expect(callers.handle('replayed', 5)).toBe(false);
  for (const counter of [9, 3, 4, 5]) expect(callers.handle('late', counter)).toBe(false);
});

it('remembers 64, and forgets the one it heard of first', () => {
  const callers = new StaleCallers();
  const hears = (caller: string) => [2, 3].map((counter) => callers.handle(caller, counter)).includes(true);
  for (let i = 0; i < 65; i++) callers.handle(`${i}`, 1);
  expect(hears('1')).toBe(true);
  expect(hears('0')).toBe(false);
});
