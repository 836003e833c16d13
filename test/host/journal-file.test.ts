import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isAlive } from '../../src/host/journal-file.ts';
import { eventually } from '../eventually.ts';

function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

it('takes no process for the owner that has ended and that nobody has waited for', async () => {
  // The shell becomes a program that waits for no child.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const owner = { pid, startTicks: Number(statOf(pid)[19]) } as Parameters<typeof isAlive>[0];
  try {
    expect(await isAlive(owner)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await eventually(() => expect(statOf(pid)[0]).toBe('Z'));
    expect(await isAlive(owner)).toBe(false);
  } finally {
    parent.kill('SIGKILL');
  }
});
