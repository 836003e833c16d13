/** The scripts that network managers call. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ControlServer } from '../../src/control/control-server.ts';
import type { Handler } from '../../src/control/protocol.ts';
import { eventually } from '../eventually.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

const HOOKS = new URL('../../scripts/hooks/', import.meta.url).pathname;
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

test('every instance of the machine is woken, the nameless one and the named ones', async () => {
  const root = temporaryDir();
  const woken: string[] = [];
  for (const name of ['', 'home', 'work']) {
    const stateDir = join(root, name);
    mkdirSync(stateDir, { recursive: true });
    const wakeup: Handler = async ({ interface: iface }) => void woken.push(`${name}:${iface}`);
    const server = await ControlServer.listen(stateDir, { wakeup });
    onTestFinished(() => server.close());
  }
  const bin = temporaryDir();
  const program = join(bin, 'resip-vpn');
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" --import tsx "${MAIN}" "$@"\n`);
  chmodSync(program, 0o755);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, RESIP_VPN_STATE: root };
  execFileSync(join(HOOKS, 'wakeup'), ['ppp0'], { env });
  await eventually(() => expect(woken.sort()).toEqual([':ppp0', 'home:ppp0', 'work:ppp0']));
}, 40_000);

test('each hook says how to install it, and those that are called may be', () => {
  for (const name of readdirSync(HOOKS)) {
    expect(readFileSync(join(HOOKS, name), 'utf8'), name).toMatch(
      /^# {3}install .*-m \d{3} scripts\/hooks\//m,
    );
    expect(statSync(join(HOOKS, name)).mode & 0o111, name).toBe(name === 'dhcpcd-hook' ? 0 : 0o111);
  }
});
