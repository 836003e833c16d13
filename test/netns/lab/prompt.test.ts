/** `npm run lab` as someone types it. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Namespace, newTag } from './namespace.ts';
import { attempt, run } from './process.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
/** Where it is typed: on the machine itself other tests make devices meanwhile. */
let home: Namespace;
beforeAll(async () => {
  home = await Namespace.create(`${newTag()}-home`);
});
afterAll(() => home?.remove());

/** The network of `home` and the mounts of the machine, as for who types it. */
const lab = (words: readonly string[], lines: readonly string[] = []) =>
  attempt(['nsenter', `--net=/run/netns/${home.name}`, process.execPath, '--import', 'tsx', MAIN, ...words], {
    input: `${lines.join('\n')}\n`,
  });
const links = () => home.run(['ip', '-o', 'link']);

it('does what is typed, says what it does not understand, and takes everything down', async () => {
  const before = await links();
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
  expect(await links()).toBe(before);
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
