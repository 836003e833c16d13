import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/daemon/log.ts';
import { formatLogLine } from '../../src/daemon/text-log.ts';

const text = (record: object) => formatLogLine(JSON.stringify(record), { hasTime: false });

describe('text', () => {
  test('component, event, then fields; the level where it is not the usual one', () => {
    expect(text({ level: 'info', component: 'path', msg: 'up', interfaceName: 'wlan0', rttMs: 21.3 })).toBe(
      'path up interfaceName=wlan0 rttMs=21.3\n',
    );
    expect(text({ level: 'warn', msg: 'waiting', interfaces: ['a', 'b'], why: 'no link' })).toBe(
      'warn: waiting interfaces=a,b why="no link"\n',
    );
    expect(text({ level: 'info', msg: 'reloaded', applied: [], value: '', needsRestart: ['pool'] })).toBe(
      'reloaded needsRestart=pool\n',
    );
  });

  test('an error is its message, on one line', () => {
    expect(text({ level: 'error', msg: 'x', err: { message: 'a\n  b', stack: 'long' } })).toBe(
      'error: x err="a; b"\n',
    );
  });

  test('a value can forge neither a field nor a line', () => {
    expect(text({ level: 'info', msg: 'client', name: 'a b=c', text: 'x\u001b[2J' })).toBe(
      'client name="a b=c" text="x\\u001b[2J"\n',
    );
  });

  test('a time of the day where nobody else stamps the line', () => {
    const line = JSON.stringify({ level: 'info', msg: 'x', time: Date.now() });
    expect(formatLogLine(line, { hasTime: true })).toMatch(/^\d\d:\d\d:\d\d x\n$/);
  });
});

describe('log', () => {
  function logged(format: 'text' | 'json', fields: object): string {
    let written = '';
    const log = createLog({ format, level: 'info' }, (line) => {
      written += line;
    });
    log.debug({}, 'too-quiet');
    log.child({ component: 'state' }).info(fields, 'client');
    return written;
  }

  test('JSON is one object a line', () => {
    expect(JSON.parse(logged('json', { counter: 5 }))).toMatchObject({
      level: 'info',
      component: 'state',
      msg: 'client',
      counter: 5,
    });
  });

  test.each(['text', 'json'] as const)('%s never shows a secret', (format) => {
    const line = logged(format, { psk: 'S3CRET', record: { privateKey: 'S3CRET', name: 'phone' } });
    expect(line).toContain('phone');
    expect(line).not.toContain('S3CRET');
  });
});
