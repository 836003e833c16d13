/** Checks that need no machine: what they say of what they are shown. */
import { describe, expect, test } from 'vitest';
import { formatDiagnosis } from '../../src/cli/doctor-view.ts';
import { checkClock } from '../../src/doctor/checks/clock.ts';
import { checkWays, natOf } from '../../src/doctor/checks/ways.ts';
import type { Machine } from '../../src/doctor/machine.ts';
import type { PathSnapshot } from '../../src/engine/messages.ts';
import { UserError } from '../../src/errors.ts';

describe('the clock', () => {
  const of = async (year: number, answer?: boolean) =>
    (await checkClock(Date.UTC(year, 5, 1), async () => answer))[0];

  test('of 1970 is said, with what it means', async () => {
    expect(await of(1970)).toMatchObject({
      level: 'warning',
      what: 'the clock says 1970-06-01',
      fix: expect.stringContaining('set-ntp'),
    });
  });

  test('that nobody keeps is worth a note', async () => {
    expect(await of(2030, false)).toMatchObject({ level: 'note' });
    expect(await of(2030, true)).toMatchObject({ level: 'ok' });
    expect(await of(2030)).toMatchObject({ level: 'ok' });
  });
});

const machine = {
  links: [{ name: 'wwan0', index: 3 }],
  addresses: [
    { linkIndex: 3, address: '100.70.1.2' },
    { linkIndex: 3, address: '2001:db8::5' },
  ],
} as unknown as Machine;

const path = (more: Partial<PathSnapshot> = {}) =>
  ({
    interfaceName: 'wwan0',
    remote: '192.0.2.1:4600',
    observed: '198.51.100.7:40000',
    localPort: 40_000,
    state: 'up',
    rttMs: 40,
    jitterMs: 2,
    lossOut: 0,
    lossIn: 0,
    mtuBytes: 1_500,
    ...more,
  }) as PathSnapshot;

test.each([
  [{}, 'carrier-grade-keeps-port'],
  [{ observed: '198.51.100.7:1025' }, 'carrier-grade-changes-port'],
  [{ localPort: undefined }, 'carrier-grade'],
  [{ observed: '[2001:db8::5]:40000' }, 'none'],
  [{ observed: null }, 'unknown'],
])('what is in between, by %j', (more, kind) => {
  expect(natOf(machine, path(more)).kind).toBe(kind);
});

describe('a way', () => {
  const levels = (more: Partial<PathSnapshot>) =>
    checkWays(machine, { paths: [path(more)], problems: [] }, 'vpn.example:4600', false).map(
      ({ level, what }) => `${level} ${what}`,
    );

  test('that loses or is small says so', () => {
    expect(levels({ lossIn: 0.2, mtuBytes: 1_400 })).toEqual([
      expect.stringMatching(
        /^ok wwan0: 40\.0 ±2\.0 ms, loss 0\.0 % out, 20\.0 % in, MTU 1400; the server sees 198/,
      ),
      'warning wwan0 loses 20.0 %',
      'note wwan0 takes packets of 1400 bytes',
    ]);
  });

  test('that is silent is a fault when there is no other', () => {
    expect(levels({ state: 'down' })).toEqual([
      'fault no interface reaches the server vpn.example:4600',
      'warning wwan0: nothing comes back from 192.0.2.1:4600',
    ]);
  });

  test('that is silent can be looked at by number, past the kill switch, too', () => {
    const fix = (isClosed: boolean) =>
      checkWays(machine, { paths: [path({ state: 'down' })], problems: [] }, 'vpn.example:4600', isClosed)[1]
        .fix;
    expect(fix(false)).toContain(': ping -c 3 -I wwan0 192.0.2.1?');
    expect(fix(true)).toContain(': resip-vpn portal -i wwan0 -- ping -c 3 192.0.2.1?');
  });

  test('that a running client had lost for a while is not called weak alone', () => {
    const why = (sinceMs: number, isOfClient: boolean) => {
      const paths = [path({ lossIn: 0.2, sinceMs })];
      return checkWays(machine, { paths, problems: [], isOfClient }, 'h:1', false)[1].why;
    };
    expect(why(5_000, true)).toMatch(/^it was down a moment ago/);
    expect(why(60_000, true)).toMatch(/^a weak signal/);
    expect(why(5_000, false)).toMatch(/^a weak signal/);
  });

  test('that may carry no more is not called silent', () => {
    const budget = { bytes: 1e6, period: 'day', leftBytes: 0, renewsMs: Date.UTC(2030, 0, 2) } as const;
    const [none, way] = checkWays(
      machine,
      { paths: [path({ state: 'down', isExhausted: true, budget })], problems: [] },
      'vpn.example:4600',
      false,
    );
    expect(none).toMatchObject({ level: 'fault', why: 'the budgets of all of them are used up' });
    expect(way).toMatchObject({
      what: 'wwan0: its budget is used up',
      why: 'it carries nothing until 2030-01-02T00:00:00.000Z',
      fix: 'allow more: resip-vpn path add wwan0,budget=…',
    });
  });

  test('does not matter to a server that refuses', () => {
    const refused = new UserError('the server refused this client', { cause: 'revoked', fix: 'ask' });
    expect(checkWays(machine, { paths: [path()], problems: [], refused }, 'h:1', false)).toEqual([
      { check: 'way', level: 'fault', what: 'the server refused this client', why: 'revoked', fix: 'ask' },
    ]);
  });
});

test('for people: a line each, the remedy below, colours only where they are wanted', () => {
  const diagnosis = {
    role: 'client',
    stateDir: '/s',
    isRunning: false,
    findings: [
      { check: 'tun', level: 'ok', what: 'TUN devices can be made' },
      { check: 'clock', level: 'fault', what: 'late', why: 'a\nb', fix: 'set it' },
    ],
  } as const;
  expect(formatDiagnosis(diagnosis, false).split('\n')).toEqual([
    'client of /s, not running',
    '',
    '  ok       tun          TUN devices can be made',
    '  FAULT    clock        late',
    '                        why: a',
    '                             b',
    '                        fix: set it',
    '',
    '1 fault',
    '',
  ]);
  expect(formatDiagnosis(diagnosis, true)).toContain('\u001b[1;31mFAULT');
});
