/** To whom a state directory goes. Root alone can give things away. */
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { handOver, refuseOthers } from '../../src/state/state-owner.ts';
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

describe.runIf(isRoot)('a daemon that stays root', () => {
  function directory(dirUid: number, fileUid: number): string {
    const path = temporaryDir();
    writeFileSync(join(path, 'client.json'), '{}');
    chownSync(join(path, 'client.json'), fileUid, 0);
    chownSync(path, dirUid, 0);
    return path;
  }

  test('does not take the state of another user', () => {
    const path = directory(OWNER.uid, OWNER.uid);
    expect(() => refuseOthers(path)).toThrow(
      expect.objectContaining({ exitCode: 78, fix: expect.stringContaining(`chown -R root ${path}`) }),
    );
  });

  test.each([
    [0, 0],
    [0, OWNER.uid],
    [OWNER.uid, 0],
  ])('takes what root alone has written: directory of %i, file of %i', (dirUid, fileUid) => {
    expect(() => refuseOthers(directory(dirUid, fileUid))).not.toThrow();
  });
});
