/** Events as people read them. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { printEvents } from '../../src/cli/events-action.ts';
import { eventFiles } from '../../src/state/event-log.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

const EVENTS = [
  ['10:00:00', 'started', { role: 'client', version: '1.2.3' }],
  ['10:00:01', 'path-up', { interface: 'wlan0', path: 0, rttMs: 21.3 }],
  ['10:00:01', 'session-established', { suite: 'aes-256-gcm' }],
  ['10:00:02', 'up', { address: '10.77.0.2', address6: 'fd00::2', mtuBytes: 1400 }],
  ['11:00:01', 'path-down', { interface: 'wlan0', path: 0 }],
  ['11:00:13', 'path-up', { interface: 'wlan0', path: 0, rttMs: 25 }],
  ['11:00:14', 'refused', { code: 3, text: 'go\u001b[2Jaway' }],
  ['11:00:15', 'started', { role: 'client', version: '1.2.3' }],
  ['11:00:16', 'path-up', { interface: 'wlan0', path: 0 }],
  ['11:00:20', 'path-up', { peer: 'phone', path: 0, remote: '192.0.2.1:5000' }],
  ['11:00:21', 'path-down', { peer: 'phone', path: 0 }],
  ['11:00:21', 'path-down', { peer: 'tablet', path: 1 }],
  ['11:00:21', 'invite-used', { peer: 'phone' }],
  ['11:00:21', 'standstill', { kind: 'slept', forMs: 7_200_000 }],
  ['11:00:21', 'novelty', { a: 1 }],
  ['11:00:22', 'ended', { reason: 'failed' }],
] as const;

type Events = readonly (readonly [time: string, event: string, fields: object])[];

async function printed(options: { since?: string; isJson?: boolean } = {}, events: Events = EVENTS) {
  const dir = temporaryDir();
  const day = '2026-01-01T';
  const lines = events.map(([time, event, fields]) =>
    JSON.stringify({ at: `${day}${time}.000Z`, event, ...fields }),
  );
  writeFileSync(eventFiles(dir)[0], `${lines.join('\n')}\n`);
  let text = '';
  await printEvents(dir, { isJson: false, follows: false, ...options }, (more) => {
    text += more;
    return true;
  });
  return text.trim().split('\n');
}

test('say what, where, and how long the state before had lasted', async () => {
  const lines = await printed();
  for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\S/);
  expect(lines.map((line) => line.slice('2026-01-01 10:00:00  '.length))).toEqual([
    'client started, version 1.2.3',
    'wlan0 up, 21.3 ms',
    'session established',
    'tunnel up as 10.77.0.2, fd00::2',
    'wlan0 down after 1 h',
    'wlan0 up after 12 s, 25.0 ms',
    'the server refused this client: "go\\u001b[2Jaway"',
    'client started, version 1.2.3',
    'wlan0 up',
    'phone 192.0.2.1:5000 up',
    'phone 192.0.2.1:5000 down after 1 s',
    'tablet path 1 down',
    'phone used its invite',
    'the machine slept for 2 h',
    'novelty a=1',
    'ended by a failure',
  ]);
});

test('how long it was is told by the clock that nobody sets', async () => {
  const path = { interface: 'wlan0', path: 0 };
  const lines = await printed({}, [
    ['10:00:00', 'path-up', { ...path, bootMs: 5_000 }],
    ['18:00:00', 'path-down', { ...path, bootMs: 8_000 }],
    ['09:00:00', 'path-up', { ...path, bootMs: 12_000 }],
    ['08:00:00', 'path-down', path],
  ]);
  expect(lines.map((line) => line.slice('2026-01-01 10:00:00  '.length))).toEqual([
    'wlan0 up',
    'wlan0 down after 3 s',
    'wlan0 up after 4 s',
    'wlan0 down',
  ]);
});

test('as JSON are what was written', async () => {
  const records = (await printed({ isJson: true })).map((line) => JSON.parse(line));
  expect(records).toHaveLength(EVENTS.length);
  expect(records[1]).toEqual({
    at: '2026-01-01T10:00:01.000Z',
    event: 'path-up',
    interface: 'wlan0',
    path: 0,
    rttMs: 21.3,
  });
});

test('of the last hour are none here; a span that is none is misuse', async () => {
  expect(await printed({ since: '1h' })).toEqual(['']);
  await expect(printed({ since: 'soon' })).rejects.toThrow('--since: expected a duration');
});
