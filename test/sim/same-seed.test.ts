import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A process of its own; hash of the trace and of every byte on the wire. */
function digest(seed: number, environment: NodeJS.ProcessEnv = {}, ...preload: string[]): string {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...preload, '--import', 'tsx', 'test/sim/main.ts', '--seed', String(seed)],
    { cwd: ROOT, encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  const found = /, trace ([0-9a-f]{16})$/m.exec(stdout)?.[1];
  if (found === undefined) throw new Error(stdout + stderr);
  return found;
}

describe('the same seed', () => {
  // IPv6, an attacker, three clients, restarts: what a world can have.
  it('gives the same trace in another process, at another time, in another place', () => {
    const elsewhere = { TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' };
    const here = digest(7);
    expect(digest(7)).toBe(here);
    expect(digest(7, elsewhere, '--import', './test/sim/other-machine.mjs')).toBe(here);
    expect(digest(8)).not.toBe(here);
  });

  it('cannot mean something else: nothing in a run asks the machine', () => {
    const asks =
      /\bDate\b|Math\.(random|exp|log|pow|sin|cos|tan)|performance\.|hrtime|[lL]ocale|\bIntl\b|set(Timeout|Interval|Immediate)/;
    const found: string[] = [];
    for (const folder of ['src/proto', 'test/sim'])
      for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.ts') || NOT_IN_A_RUN.test(name)) continue;
        const lines = readFileSync(join(ROOT, folder, name), 'utf8').split('\n');
        for (const line of lines)
          if (asks.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line)) found.push(`${name}: ${line}`);
      }
    expect(found).toEqual([]);
  });
});

/** Runners and tests measure how long they take. */
const NOT_IN_A_RUN = /(^|\/)(main|run|shrink|run-mutants)\.ts$|\.test\.ts$/;
