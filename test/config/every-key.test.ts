/** Every key of the schemas, wrong in each way: the message names file, line and key, and says what to do. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../src/config/check-config.ts';
import { clientKind } from '../../src/config/client-config.ts';
import { serverKind } from '../../src/config/server-config.ts';
import type { UserError } from '../../src/errors.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

const HEAD = '# a comment\n\n';
const LINE = 3;

/** What is wrong with a file that has `text` on its third line. */
function complaint(
  role: 'client' | 'server',
  text: string,
): { path: string; message: string; exitCode: number } {
  const path = join(temporaryDir(), 'x.toml');
  const rest = role === 'client' && !text.startsWith('interface ') ? '\ninterface = "wlan0"\n' : '\n';
  writeFileSync(path, `${HEAD}${text}${rest}`);
  try {
    checkConfig(path, role);
  } catch (error) {
    const { message, exitCode } = error as UserError;
    return { path, message, exitCode };
  }
  throw new Error(`nothing was wrong with ${text}`);
}

describe.each([clientKind, serverKind])('$role', ({ role, keys }) => {
  test.each(keys)('%s of a wrong type', (key) => {
    const { path, message, exitCode } = complaint(role, `${key} = { a = 1979-05-27 }`);
    expect(exitCode).toBe(78);
    expect(message).toMatch(new RegExp(`^${path}:${LINE}: ${key}(\\[0\\])?: expected \\S`, 'm'));
  });

  test.each(keys)('%s mistyped', (key) => {
    for (const wrong of [`${key}x`, key.slice(0, -1)].filter((other) => !keys.includes(other))) {
      const { path, message, exitCode } = complaint(role, `${wrong} = 1`);
      expect(exitCode).toBe(78);
      expect(message).toContain(`${path}:${LINE}: ${wrong}: unknown; did you mean `);
    }
  });

  test.each(keys)('%s without a value', (key) => {
    const { path, message, exitCode } = complaint(role, `${key} =`);
    expect(exitCode).toBe(78);
    expect(message).toMatch(new RegExp(`^${path}:${LINE}:\\d+: ${key}$`, 'm'));
    expect(message).toContain('fix: ');
  });
});

test('a client’s file without an interface', () => {
  const { path, message } = complaint('client', 'interface = []');
  expect(message).toBe(`${path}:${LINE}: interface: expected at least one interface, such as wlan0, got []`);
  const empty = join(temporaryDir(), 'e.toml');
  writeFileSync(empty, 'mtu = 1400\n');
  expect(() => checkConfig(empty, 'client')).toThrow(`${empty}: interface: expected at least one interface`);
});

test('all mistakes of one interface', () => {
  const { path, message } = complaint('client', 'interface = ["wlan0", "wwan0,bakcup,budget=5"]');
  expect(message.split('\n')).toEqual([
    expect.stringContaining(`${path}:${LINE}: interface[1]: expected backup, metered, budget after the name`),
    expect.stringContaining(`${path}:${LINE}: interface[1]: expected budget=50M/day`),
  ]);
});

test('whose file it is shows from its keys', () => {
  const dir = temporaryDir();
  const role = (text: string) => {
    writeFileSync(join(dir, 'c.toml'), text);
    return checkConfig(join(dir, 'c.toml')).role;
  };
  expect(role('interface = "wlan*,budget=1G/month"')).toBe('client');
  expect(role('pool = "10.9.0.0/24"')).toBe('server');
  expect(role('')).toBe('server');
});

test('a hook is a program and no shell command', () => {
  for (const wrong of ['ip link show', '/bin/sh -c "reboot"', '/bin/a; /bin/b', '/bin/a > /tmp/x', '']) {
    const { path, message } = complaint('client', `path-up = ['${wrong}']`);
    expect(message).toContain(`${path}:${LINE}: path-up[0]: expected the absolute path of a program`);
  }
  expect(() => complaint('client', 'path-up = "/bin/true one --two=3"')).toThrow('nothing was wrong');
});
