import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TerminateKind } from '../../src/proto/wire/stream-commands.ts';
import { eventually } from '../eventually.ts';
import { Bridge, readAll } from './bridge.ts';

let bridge: Bridge;
beforeEach(() => {
  bridge = new Bridge();
});
afterEach(() => bridge.close());

/** The program's socket, and the one that the target got. */
async function joined(): Promise<{ program: Socket; target: Socket }> {
  const targets: Socket[] = [];
  const port = await bridge.listen((socket) => targets.push(socket));
  const program = await bridge.forward({ port });
  await eventually(() => expect(targets).toHaveLength(1));
  return { program, target: targets[0] };
}

/** How a socket ended: `end` in order, or an error's code. */
function ending(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code));
    socket.once('end', () => resolve('end'));
    socket.resume();
  });
}

it('carries megabytes both ways, and both ends in order', async () => {
  const { program, target } = await joined();
  const [up, down] = [randomBytes(3_000_000), randomBytes(2_000_000)];
  const arrived = Promise.all([readAll(target), readAll(program)]);
  program.end(up);
  target.end(down);
  const [there, here] = await arrived;
  expect(there.equals(up)).toBe(true);
  expect(here.equals(down)).toBe(true);
  await eventually(() => {
    bridge.run();
    for (const end of bridge.pair.ends) expect(end.streams.count).toBe(0);
  });
});

it('an answer comes after the question has ended', async () => {
  const { program, target } = await joined();
  program.end('question');
  expect((await readAll(target)).toString()).toBe('question');
  target.end('answer');
  expect((await readAll(program)).toString()).toBe('answer');
});

it('a target that reads nothing holds the program up, and what waits is bounded', async () => {
  const { program, target } = await joined();
  const [stream] = bridge.streams;
  const chunk = randomBytes(1_000_000);
  let taken = 0;
  const fill = () => {
    while (program.write(chunk, () => (taken += chunk.length))) if (taken > 500_000_000) return;
  };
  program.on('drain', fill);
  fill();
  // No more goes in when the kernel's buffers, the backlog and the window are full.
  await vi.waitUntil(
    async () => {
      const before = taken;
      await new Promise((resolve) => setTimeout(resolve, 100));
      bridge.run();
      return taken > 0 && taken === before;
    },
    { timeout: 20_000 },
  );
  expect(stream.sending.waitingBytes).toBeLessThan(9_000_000);
  program.removeListener('drain', fill);
  const before = taken;
  target.resume();
  await eventually(() => expect(taken).toBeGreaterThan(before));
});

it('without a path the program is held up as well, and goes on afterwards', async () => {
  const { program, target } = await joined();
  for (const end of bridge.pair.ends) end.connect(0);
  const sent = randomBytes(1_000_000);
  program.end(sent);
  await eventually(() => expect(bridge.streams[0].sending.waitingBytes).toBeGreaterThan(60_000));
  bridge.run(72 * 3_600_000);
  for (const end of bridge.pair.ends) end.connect(1);
  const arrived = readAll(target);
  bridge.run();
  expect((await arrived).equals(sent)).toBe(true);
});

it.each([
  ['program', 'target'],
  ['target', 'program'],
] as const)('a reset of the %s reaches the %s', async (from, to) => {
  const both = await joined();
  const seen = ending(both[to]);
  both[from].resetAndDestroy();
  expect(await seen).toBe('ECONNRESET');
  await eventually(() => {
    bridge.run();
    for (const end of bridge.pair.ends) expect(end.streams.count).toBe(0);
  });
});

it('a program that is cut off by a peer of another life is reset', async () => {
  const { program } = await joined();
  const seen = ending(program);
  bridge.pair.client.streams.reset();
  bridge.run();
  expect(await seen).toBe('ECONNRESET');
  expect(bridge.ended).toEqual([TerminateKind.GONE]);
});

it('a target that closes while the program still writes ends it with a reset', async () => {
  const { program, target } = await joined();
  const seen = ending(program);
  target.destroy();
  await eventually(() => {
    program.write('more');
    bridge.run();
    expect(bridge.streams[0].phase).toBe('over');
  });
  expect(['end', 'ECONNRESET', 'EPIPE']).toContain(await seen);
});
