/** Signals and crashes of a real process: it says what it undoes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';

// Starting a process takes a while on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const LIFECYCLE = new URL('../../src/daemon/lifecycle.ts', import.meta.url).href;

/** Runs `body` (it sees `life` and `say`) as a daemon. */
function daemon(body: string) {
  const code = `
    const { runUntilEnd } = await import(${JSON.stringify(LIFECYCLE)});
    const say = (text) => process.stdout.write(text + '\\n');
    const log = { info() {}, warn: (fields, event) => say(event), debug() {}, error() {} };
    await runUntilEnd(log, async (life) => {
      life.defer('first', () => say('undo first'));
      life.defer('second', () => say('undo second'));
      setInterval(() => {}, 1e6);
      ${body}
      say('ready');
    }).then(() => process.exit(0), (error) => { say(error.message); process.exit(1); });`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    // Whoever runs this may sit at a terminal.
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  const saw = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => output.includes(text) && resolve();
      child.stdout.on('data', look);
      look();
    });
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, lines: output.trim().split('\n') }));
  return { child, saw, ended };
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s undoes everything, newest first, and is a success',
  async (signal) => {
    const { child, saw, ended } = daemon('');
    await saw('ready');
    child.kill(signal);
    expect(await ended).toEqual({ code: 0, lines: ['ready', 'undo second', 'undo first'] });
  },
);

test('a signal that is handed on as well is one signal: nothing is left behind', async () => {
  // The process itself hands it on: at once, however busy the machine is.
  const handOn = "for (const signal of ['SIGINT', 'SIGTERM']) process.kill(process.pid, signal);";
  const undo = `say('undoing'); ${handOn} return new Promise((done) => setTimeout(done, 100));`;
  const { child, saw, ended } = daemon(`life.defer('slow', () => { ${undo} });`);
  await saw('ready');
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: 0, lines: ['ready', 'undoing', 'undo second', 'undo first'] });
});

test('SIGHUP ends nothing: while it starts it is kept for the reload, while it ends it is no second signal', async () => {
  const { child, saw, ended } = daemon(`
    say('starting');
    await new Promise((heard) => process.once('SIGHUP', heard));
    life.onHangup(() => say('reload'));
    life.defer('slow', async () => {
      say('ending');
      await new Promise((heard) => process.once('SIGHUP', () => setTimeout(heard, 10)));
    });`);
  await saw('starting');
  child.kill('SIGHUP');
  await saw('ready');
  child.kill('SIGTERM');
  await saw('ending');
  // Longer than an echo of the first signal.
  setTimeout(() => child.kill('SIGHUP'), 600);
  const lines = ['starting', 'reload', 'ready', 'ending', 'undo second', 'undo first'];
  expect(await ended).toEqual({ code: 0, lines });
});

test('a second signal does not wait', async () => {
  const { child, saw, ended } = daemon(
    "life.defer('stuck', () => new Promise(() => setTimeout(() => say('stuck'), 600)));",
  );
  await saw('ready');
  child.kill('SIGTERM');
  await saw('stuck');
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 1, lines: ['ready', 'stuck', 'forced'] });
});

test('a signal while it starts ends it before it is ready', async () => {
  const { child, saw, ended } = daemon("say('starting'); await life.orEnd(new Promise(() => {}));");
  await saw('starting');
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, lines: ['starting', 'undo second', 'undo first'] });
});

test.each([
  ['a failed start', "throw new Error('broken');"],
  ['an exception from anywhere', "setImmediate(() => { throw new Error('broken'); });"],
  ['a rejection from anywhere', "setImmediate(() => Promise.reject(new Error('broken')));"],
  ['a reported failure', "setImmediate(() => life.fail(new Error('broken')));"],
])('%s undoes everything and is a failure', async (_, body) => {
  const { code, lines } = await daemon(body).ended;
  expect(code).toBe(1);
  expect(lines.slice(-3)).toEqual(['undo second', 'undo first', 'broken']);
});

test('an undoing that fails stops nothing', async () => {
  const { child, saw, ended } = daemon("life.defer('bad', () => { throw new Error('no'); });");
  await saw('ready');
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, lines: ['ready', 'undo-failed', 'undo second', 'undo first'] });
});
