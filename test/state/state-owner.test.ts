/** To whom a state directory goes. Root alone can give things away. */
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { handOver } from '../../src/state/state-owner.ts';
import { temporaryDir } from './temporary-dir.ts';

const OWNER = { uid: 4_242, gid: 4_243 };

const isRoot = process.geteuid?.() === 0;
if (!isRoot) process.stderr.write('nothing is given away: that takes root\n');

describe.runIf(isRoot)('a directory of root', () => {
  function directory(mode: number): { path: string; file: string } {
    const path = temporaryDir();
    mkdirSync(join(path, 'clients'));
    const file = join(path, 'clients', 'a.json');
    writeFileSync(file, '{}');
    chmodSync(path, mode);
    return { path, file };
  }

  test('goes to the user of the daemon with everything in it when it is root’s alone', () => {
    const { path, file } = directory(0o700);
    handOver(path, OWNER);
    for (const one of [path, file]) expect(statSync(one)).toMatchObject(OWNER);
  });

  test.each([0o755, 0o1777])('that others may enter (%o) stays as it is: it may be /etc, or /tmp', (mode) => {
    const { path, file } = directory(mode);
    expect(() => handOver(path, OWNER)).toThrow(/others may enter[\s\S]*--state-dir/);
    for (const one of [path, file]) expect(statSync(one).uid).toBe(0);
  });
});
