/** The systemd units, where systemd can judge them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDir } from '../state/temporary-dir.ts';

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test.runIf(hasSystemd).each(['client', 'server'])('resip-vpn-%s@.service is valid', (role) => {
  const source = new URL(`../../systemd/resip-vpn-${role}@.service`, import.meta.url);
  const unit = join(temporaryDir(), `resip-vpn-${role}@home.service`);
  // The program need not be installed for this.
  writeFileSync(unit, readFileSync(source, 'utf8').replace('/usr/bin/env resip-vpn', process.execPath));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
