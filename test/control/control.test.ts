import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askDaemon, NotRunningError } from '../../src/control/control-client.ts';
import { ControlServer, type ControlServerOptions } from '../../src/control/control-server.ts';
import { LineReader } from '../../src/control/line-reader.ts';
import { type Handler, MAX_REQUEST_BYTES } from '../../src/control/protocol.ts';
import { UserError } from '../../src/errors.ts';
import { temporaryDir } from '../state/temporary-dir.ts';

const echo: Readonly<Record<string, Handler>> = {
  echo: async ({ value }) => value,
  fail: async () => {
    throw new Error('not today');
  },
  refuse: async () => {
    throw new UserError('no such client', { cause: 'there is one', fix: 'name it', exitCode: 78 });
  },
};

async function serve(dir: string, options?: ControlServerOptions) {
  const server = await ControlServer.listen(dir, echo, options);
  onTestFinished(() => server.close());
  return server;
}

/** Writes `text`, reads until the server closes, or until `lines` have come. */
function talk(dir: string, text: string | Buffer, lines = Number.POSITIVE_INFINITY): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(dir, 'control', 'control.sock'));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      if (answer.split('\n').length > lines) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.write(text);
  });
}

describe('asking', () => {
  test('an answer comes back, a refusal is an error, an unknown command too', async () => {
    const dir = temporaryDir();
    await serve(dir);
    expect(await askDaemon(dir, { command: 'echo', value: { a: [1, 'ü'] } })).toEqual({ a: [1, 'ü'] });
    await expect(askDaemon(dir, { command: 'fail' })).rejects.toThrow('not today');
    await expect(askDaemon(dir, { command: 'toString' })).rejects.toThrow(
      /unknown command toString\nfix: restart the daemon/,
    );
  });

  test('words for the user come back as they are, with their exit status', async () => {
    const dir = temporaryDir();
    await serve(dir);
    const error = await askDaemon(dir, { command: 'refuse' }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      message: 'no such client\ncause: there is one\nfix: name it',
      exitCode: 78,
    });
  });

  test('a large answer arrives whole', async () => {
    const dir = temporaryDir();
    const large = 'x'.repeat(5_000_000);
    const server = await ControlServer.listen(dir, { large: async () => large });
    onTestFinished(() => server.close());
    expect(await askDaemon(dir, { command: 'large' })).toBe(large);
  });

  test('no daemon, a dead one, or something else in its place: not running', async () => {
    const dir = temporaryDir();
    await expect(askDaemon(dir, { command: 'echo' })).rejects.toThrow(NotRunningError);
    await expect(askDaemon(join(dir, 'none'), { command: 'echo' })).rejects.toThrow(NotRunningError);
    mkdirSync(join(dir, 'control'), { mode: 0o700 });
    writeFileSync(join(dir, 'control', 'control.sock'), '');
    await expect(askDaemon(dir, { command: 'echo' })).rejects.toThrow(NotRunningError);
  });

  test('a daemon that is stuck is given up', async () => {
    const dir = temporaryDir();
    const accepted: Socket[] = [];
    mkdirSync(join(dir, 'control'));
    const mute = createServer((socket) => accepted.push(socket)).listen(join(dir, 'control', 'control.sock'));
    onTestFinished(() => {
      for (const socket of accepted) socket.destroy();
      mute.close();
    });
    await expect(askDaemon(dir, { command: 'echo' }, 50)).rejects.toThrow('does not answer');
  });

  test('a daemon that hangs up is not waited for', async () => {
    const dir = temporaryDir();
    mkdirSync(join(dir, 'control'));
    const rude = createServer((socket) => socket.end()).listen(join(dir, 'control', 'control.sock'));
    onTestFinished(() => void rude.close());
    await expect(askDaemon(dir, { command: 'echo' })).rejects.toThrow('it closed the connection');
  });
});

describe('listening', () => {
  test('the socket is its owner’s alone, and gone after closing', async () => {
    const dir = temporaryDir();
    const server = await ControlServer.listen(dir, echo);
    expect(statSync(join(dir, 'control', 'control.sock')).mode & 0o777).toBe(0o600);
    await server.close();
    expect(() => statSync(join(dir, 'control', 'control.sock'))).toThrow('ENOENT');
  });

  test('only its owner may enter the socket’s directory, whatever the state directory allows', async () => {
    const dir = temporaryDir();
    chmodSync(dir, 0o755);
    await serve(dir);
    expect(statSync(join(dir, 'control')).mode & 0o777).toBe(0o700);
  });

  test('a directory that others may enter, or something else in its place, is refused', async () => {
    const open = temporaryDir();
    mkdirSync(join(open, 'control'));
    chmodSync(join(open, 'control'), 0o711);
    await expect(ControlServer.listen(open, echo)).rejects.toThrow('not safe');
    const linked = temporaryDir();
    symlinkSync(temporaryDir(), join(linked, 'control'));
    await expect(ControlServer.listen(linked, echo)).rejects.toThrow('not safe');
  });

  test.runIf(process.geteuid?.() === 0)('a directory that is somebody else’s is refused', async () => {
    const dir = temporaryDir();
    mkdirSync(join(dir, 'control'), { mode: 0o700 });
    chownSync(join(dir, 'control'), 65_534, 65_534);
    await expect(ControlServer.listen(dir, echo)).rejects.toThrow('not safe');
  });

  test('what a killed daemon left is replaced', async () => {
    const dir = temporaryDir();
    mkdirSync(join(dir, 'control'), { mode: 0o700 });
    writeFileSync(join(dir, 'control', 'control.sock'), '');
    await serve(dir);
    expect(await askDaemon(dir, { command: 'echo', value: 1 })).toBe(1);
  });

  test('a directory whose path is longer than a socket address', async () => {
    const dir = join(temporaryDir(), 'd'.repeat(120), 'e'.repeat(120));
    mkdirSync(dir, { recursive: true });
    const server = await ControlServer.listen(dir, echo);
    expect(await askDaemon(dir, { command: 'echo', value: 1 })).toBe(1);
    await server.close();
    expect(() => statSync(join(dir, 'control', 'control.sock'))).toThrow('ENOENT');
  });
});

describe('bounds', () => {
  test('requests in one write are answered in order', async () => {
    const dir = temporaryDir();
    await serve(dir);
    const requests = [1, 2, 3].map((value) => `{"command":"echo","value":${value}}\n`);
    const answers = (await talk(dir, requests.join(''), 3)).trim().split('\n');
    expect(answers.map((line) => JSON.parse(line).result)).toEqual([1, 2, 3]);
  });

  test('what is no request is said to be none', async () => {
    const dir = temporaryDir();
    await serve(dir);
    const answers = await talk(dir, '\n{"command":\n[]\nnull\n{"command":1}\n', 5);
    expect(answers.trim().split('\n')).toEqual(Array(5).fill('{"ok":false,"error":"not a request"}'));
  });

  test('a request without end is cut off', async () => {
    const dir = temporaryDir();
    await serve(dir);
    expect(await talk(dir, Buffer.alloc(MAX_REQUEST_BYTES + 1, 'x'))).toContain('at most');
  });

  test('a silent connection is closed', async () => {
    const dir = temporaryDir();
    await serve(dir, { idleMs: 30 });
    expect(await talk(dir, '{"command":"ec')).toBe('');
  });

  test('one connection too many is closed at once, and the others work', async () => {
    const dir = temporaryDir();
    await serve(dir, { maxConnections: 1 });
    const first = connect(join(dir, 'control', 'control.sock'));
    onTestFinished(() => void first.destroy());
    await new Promise((resolve) => first.once('connect', resolve));
    await expect(askDaemon(dir, { command: 'echo' })).rejects.toThrow('does not answer');
    const answer = new Promise((resolve) => first.once('data', (chunk) => resolve(String(chunk))));
    first.write('{"command":"echo","value":5}\n');
    expect(await answer).toBe('{"ok":true,"result":5}\n');
  });

  test('lines are put together from any pieces', () => {
    const reader = new LineReader(10);
    expect(reader.push(Buffer.from('ab'))).toEqual([]);
    expect(reader.push(Buffer.from('c\nd\n\nef'))).toEqual(['abc', 'd', '']);
    expect(reader.push(Buffer.from('gh\n'))).toEqual(['efgh']);
    expect(reader.push(Buffer.from('0123456789\n'))).toEqual(['0123456789']);
    expect(reader.push(Buffer.from('01234567890'))).toBeNull();
  });
});
