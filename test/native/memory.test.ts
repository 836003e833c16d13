import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadNative } from '../../src/native/native.ts';

/** Of this process, kB. */
function residentFilesKb(): number {
  return Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);
}

describe('the memory of a start', () => {
  it('is given back, and what is needed of it comes again', () => {
    const before = residentFilesKb();
    loadNative().addon.releaseStartMemory();
    expect(residentFilesKb()).toBeLessThan(before - 10_000);
    expect(new Intl.NumberFormat('de').format(1234.5)).toBe('1.234,5');
  });

  it('stays where no file holds what is in it: a program in large pages', () => {
    const addon = new URL('../../native/build/Release/resip.node', import.meta.url).pathname;
    const program = `require('${addon}').releaseStartMemory(); console.log('alive')`;
    const { stdout, signal } = spawnSync(process.execPath, ['--use-largepages=silent', '-e', program], {
      encoding: 'utf8',
    });
    expect({ stdout, signal }).toEqual({ stdout: 'alive\n', signal: null });
  });
});
