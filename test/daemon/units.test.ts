/** The systemd units, where systemd can judge them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDir } from '../state/temporary-dir.ts';

/** Exposure as `systemd-analyze security` counts it, 0 to 10. */
const MOST_EXPOSED = 3;

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasSystemd)
  process.stderr.write('the units are not judged: there is no systemd-analyze on this machine\n');

function unitText(role: string): string {
  return readFileSync(new URL(`../../systemd/resip-vpn-${role}@.service`, import.meta.url), 'utf8');
}

/** An instance of it, with a program that is here. */
function instance(role: string): string {
  const path = join(temporaryDir(), `resip-vpn-${role}@home.service`);
  const isForUs = (line: string) => !line.startsWith('Documentation=');
  const text = unitText(role).split('\n').filter(isForUs).join('\n');
  writeFileSync(path, text.replaceAll('/usr/bin/resip-vpn', process.execPath));
  return path;
}

describe.each(['client', 'server'])('resip-vpn-%s@.service', (role) => {
  test('gives a reason for each of its settings', () => {
    const lines = unitText(role).split('\n');
    const unexplained = lines.filter((line, i) => {
      if (!/^[A-Z]\w+=/.test(line)) return false;
      const block = lines.slice(0, i).reverse();
      return block.find((before) => before === '' || before.startsWith('#')) === '';
    });
    // What the first block says stands in the unit's head.
    expect(unexplained.filter((line) => !/^(Description|Documentation|WantedBy)=/.test(line))).toEqual([]);
  });

  test.runIf(hasSystemd)('is valid', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', instance(role)], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.runIf(hasSystemd)(`exposes less than ${MOST_EXPOSED} of 10`, () => {
    const words = ['security', '--offline=true', '--no-pager', instance(role)];
    const { stdout } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
    const exposure = Number(/Overall exposure level for .*: ([\d.]+) /.exec(stdout)?.[1]);
    expect(exposure).toBeLessThan(MOST_EXPOSED);
  });
});
