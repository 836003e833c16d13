/** Builds the fuzzers of the addon's parsing: address and undefined-behaviour sanitizers, coverage of the target. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const FLAGS = ['-std=c++17', '-O1', '-g', '-I', path('./stub'), ...SANITIZERS];

/** Each has `NAME-target.cc`, a corpus of that name, and these sources of the addon. */
export const NATIVE_FUZZERS = {
  /** Frames of TUN: splitting and joining. */
  gso: ['split', 'coalesce', 'packet', 'checksum'],
  /** Messages of the UDP sockets: cutting, trains, unmasking. */
  receive: ['received', 'rows', 'socket-address', 'mask'],
} as const;
export type NativeFuzzer = keyof typeof NATIVE_FUZZERS;

export const corpusOf = (name: NativeFuzzer) => path(`../../vectors/fuzz/${name}`);

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

/** Returns the program. What does not differ between fuzzers is built once per `folder`. */
export function buildFuzzer(name: NativeFuzzer, folder: string): string {
  const coverage = [...FLAGS, '-fsanitize-coverage=trace-pc'];
  const sources = NATIVE_FUZZERS[name].map((source) => `../../../native/src/${source}.cc`);
  const objects = [...sources, `./${name}-target.cc`].map((source, i) =>
    compile(coverage, source, join(folder, `${name}-${i}.o`)),
  );
  const driver = join(folder, 'driver.o');
  if (!existsSync(driver)) compile(['-std=c++17', '-O1'], './driver.cc', driver);
  const program = join(folder, `${name}-fuzz`);
  execFileSync('c++', [...SANITIZERS, '-o', program, driver, ...objects]);
  return program;
}

function compile(flags: readonly string[], source: string, object: string): string {
  execFileSync('c++', [...flags, '-c', '-o', object, path(source)]);
  return object;
}
