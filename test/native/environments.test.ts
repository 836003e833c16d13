/** The addon in several environments: main thread and workers, and their ends. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const PROGRAM = new URL('./worker-end.mjs', import.meta.url).pathname;

describe('an environment that ends with everything open', () => {
  it.each([
    ['worker.terminate()', 'terminate'],
    ['process.exit() in a callback of the worker', 'exit'],
    ['an exception in a callback of the worker', 'throw'],
    ['the last watch closed in its own callback', 'close'],
    ['all watches ended, handles open', 'unwatch'],
    ['process.exit() in a callback of the main thread', 'main'],
  ])('%s does not hurt Node', (_, how) => {
    const run = spawnSync(process.execPath, [PROGRAM, how], { encoding: 'utf8', timeout: 25_000 });
    expect({ signal: run.signal, status: run.status, stdout: run.stdout }, run.stderr).toEqual({
      signal: null,
      status: 0,
      stdout: 'survived\n',
    });
    expect(readdirSync('/sys/class/net').filter((name) => name.startsWith(`rvw${run.pid}.`))).toEqual([]);
  });
});
