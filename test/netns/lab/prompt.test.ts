/** `npm run lab` as someone types it. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { attempt, run } from './process.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const lab = (words: readonly string[], lines: readonly string[] = []) =>
  attempt([process.execPath, '--import', 'tsx', MAIN, ...words], { input: `${lines.join('\n')}\n` });

it('does what is typed, says what it does not understand, and takes everything down', async () => {
  const before = await run(['ip', '-o', 'link']);
  const { code, stdout, stderr } = await lab(
    ['--links', 'wifi,usb', '--seed', '42'],
    [
      'set wifi up loss=0.5',
      'set wifi lossy=1',
      'cut usb',
      'ping 50',
      'restore usb',
      'links',
      'status',
      'status client7',
      'launch missiles',
      'exit',
    ],
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('links wifi (wlan0), usb (usb0), seed 42');
  expect(stdout).toContain('lossy: unknown');
  expect(Number(/50 sent, (\d+) lost/.exec(stdout)?.[1])).toBeGreaterThan(5);
  expect(stdout).toMatch(/wifi +up +.*loss=0.5/);
  expect(stdout).toMatch(/usb +down[^\n]*\n[^\n]*blackholed \d+/);
  expect(stdout).toContain('policy redundant');
  expect(stdout).toContain('there is no client7');
  expect(stdout).toContain('launch: unknown');
  expect(await run(['ip', '-o', 'link'])).toBe(before);
  const tag = /namespaces (rv[\d.]+)-/.exec(stdout)?.[1];
  expect(tag).toBeDefined();
  expect(await run(['ip', 'netns', 'list'])).not.toContain(`${tag}-`);
});

it('explains its options when they are wrong', async () => {
  const { code, stderr } = await lab(['--links', 'wifi,pigeon']);
  expect(code).toBe(2);
  expect(stderr).toContain('--links: expected wifi, lte, usb, dsl, got pigeon');
  expect(stderr).toContain('usage: npm run lab');
});
