/** Memory safety of what handles bytes of the network, outside Node, where the sanitizers can watch. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const SOURCES = ['split', 'coalesce', 'packet', 'checksum'].map((name) => `../../native/src/${name}.cc`);
const path = (name: string) => new URL(name, import.meta.url).pathname;

it('splitting and joining stay inside every packet, whatever it says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'resip-fuzz-'));
  try {
    const program = join(folder, 'segmentation');
    const flags = ['-std=c++17', '-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    const sources = ['./fuzz/segmentation.cc', ...SOURCES].map(path);
    execFileSync('c++', [...flags, '-o', program, ...sources]);
    const seed = String(Date.now() % 1_000_000);
    const run = spawnSync(program, [seed, '1500'], { encoding: 'utf8' });
    expect(run.stdout, `seed ${seed}\n${run.stderr}`).toBe('clean\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
