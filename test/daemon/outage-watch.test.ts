import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OutageWatch } from '../../src/daemon/outage-watch.ts';
import { FakeLog } from './fakes.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watch() {
  const log = new FakeLog([]);
  const outage = new OutageWatch(() => ({ what: 'nothing comes back' }), log);
  const lines = () => log.lines.map(({ level, event, fields }) => ({ level, event, ...fields }));
  return { outage, lines };
}

const SILENCE = { level: 'warn', event: 'no-link', what: 'nothing comes back' };

test('a server that never answers is told of, once, and so is its first answer', () => {
  const { outage, lines } = watch();
  vi.advanceTimersByTime(4_900);
  outage.handle(false);
  expect(lines()).toEqual([]);
  vi.advanceTimersByTime(55_100);
  outage.handle(false);
  expect(lines()).toEqual([SILENCE]);
  outage.handle(true);
  outage.handle(true);
  expect(lines()).toEqual([SILENCE, { level: 'info', event: 'link-again', outageS: 60 }]);
});

test('a short outage is not worth a line, each long one is', () => {
  const { outage, lines } = watch();
  outage.handle(true);
  for (const _ of [1, 2]) {
    outage.handle(false);
    vi.advanceTimersByTime(4_000);
    outage.handle(true);
  }
  expect(lines()).toEqual([]);
  for (const _ of [1, 2]) {
    outage.handle(false);
    vi.advanceTimersByTime(9_000);
    outage.handle(true);
  }
  expect(lines().map(({ event }) => event)).toEqual(['no-link', 'link-again', 'no-link', 'link-again']);
});
