/** Builds the fuzzer of the addon's segmentation: address and undefined-behaviour sanitizers, coverage of the target. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const FLAGS = ['-std=c++17', '-O1', '-g', ...SANITIZERS];
const TARGETS = ['split', 'coalesce', 'packet', 'checksum'].map((name) => `../../../native/src/${name}.cc`);
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export const GSO_CORPUS = path('../../vectors/fuzz/gso');

/** Why this compiler cannot do it; null = it can. `folder` is for what is built. */
export function missingSanitizers(folder: string): string | null {
  const source = join(folder, 'probe.cc');
  writeFileSync(source, 'int main() { return 0; }\n');
  const program = join(folder, 'probe');
  for (const more of [['-fsanitize-coverage=trace-pc', '-c'], []]) {
    const built = spawnSync('c++', [...FLAGS, ...more, '-o', program, source]);
    if (built.error) return `no C++ compiler: ${built.error.message}`;
    if (built.status !== 0) return `the compiler has no sanitizers: ${String(built.stderr).split('\n')[0]}`;
  }
  return null;
}

/** Returns the program. */
export function buildGsoFuzzer(folder: string): string {
  const objects: string[] = [];
  const compile = (source: string, ...more: string[]) => {
    const object = join(folder, `${objects.length}.o`);
    execFileSync('c++', [...FLAGS, ...more, '-c', '-o', object, path(source)]);
    objects.push(object);
  };
  for (const source of TARGETS) compile(source, '-fsanitize-coverage=trace-pc');
  compile('./gso-target.cc', '-fsanitize-coverage=trace-pc');
  compile('./driver.cc');
  const program = join(folder, 'gso-fuzz');
  execFileSync('c++', [...SANITIZERS, '-o', program, ...objects]);
  return program;
}
