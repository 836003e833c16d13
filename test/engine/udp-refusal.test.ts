import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { refuseDatagram } from '../../src/engine/udp-refusal.ts';
import { TerminateKind } from '../../src/proto/wire/stream-commands.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

function socketOf(family: 4 | 6): Socket {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  sockets.push(socket);
  return socket;
}

/** A port, and a program that has connected to it. */
async function connected(family: 4 | 6, address: string) {
  const port = socketOf(family);
  await new Promise<void>((resolve) => port.bind(0, address, resolve));
  const program = socketOf(family);
  const errors: string[] = [];
  program.on('error', ({ code }: NodeJS.ErrnoException) => errors.push(code ?? ''));
  await new Promise<void>((resolve) => program.connect(port.address().port, address, () => resolve()));
  const answered = () => new Promise((resolve) => program.once('message', resolve));
  return { port: port.address(), program, errors, answered, answer: port };
}

describe.each([
  [4, '127.0.0.1'],
  [6, '::1'],
] as const)('over IPv%i', (family, address) => {
  it('a connected program hears that nobody listens', async () => {
    const { port, program } = await connected(family, address);
    const heard = new Promise<NodeJS.ErrnoException>((resolve) => program.once('error', resolve));
    refuseDatagram(TerminateKind.REFUSED, program.address(), port);
    expect((await heard).code).toBe('ECONNREFUSED');
  });

  it.each([
    ['what ended in another way', TerminateKind.TIMED_OUT, address],
    ['what ended in order', null, address],
    ['a port of every address', TerminateKind.REFUSED, ''],
    ['a port of the other family', TerminateKind.REFUSED, family === 4 ? '::1' : '127.0.0.1'],
  ])('nothing is said of %s', async (_, kind, at) => {
    const { port, program, errors, answered, answer } = await connected(family, address);
    refuseDatagram(kind, program.address(), { ...port, address: at });
    const message = answered();
    answer.send('x', program.address().port, program.address().address);
    await message;
    expect(errors).toEqual([]);
  });
});
