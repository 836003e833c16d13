import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DatagramReader, writeDatagram } from '../../src/proto/stream/datagrams.ts';
import type { Stream, Target } from '../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../src/proto/wire/stream-commands.ts';
import { eventually } from '../eventually.ts';
import { Bridge, readAll } from './bridge.ts';

let bridge: Bridge;
beforeEach(() => {
  bridge = new Bridge();
});
afterEach(() => bridge.close());

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

/** What a program sees that connects to a forward with that target. */
async function outcome(target: Partial<Target>): Promise<TerminateKind | null> {
  const program = await bridge.forward(target);
  program.resume();
  await eventually(() => {
    bridge.run();
    expect(bridge.ended).toHaveLength(1);
    expect(program.destroyed || program.readableEnded).toBe(true);
  });
  expect(bridge.refused).toEqual(bridge.ended);
  return bridge.ended[0];
}

/** Nobody listens there. */
async function closedPort(): Promise<number> {
  const other = new Bridge();
  const port = await other.listen(() => undefined);
  other.close();
  return port;
}

it('a port where nobody listens is refused', async () => {
  expect(await outcome({ host: LOOPBACK, port: await closedPort() })).toBe(TerminateKind.REFUSED);
});

it('a target that is not allowed is denied without a connection', async () => {
  let connections = 0;
  const port = await bridge.listen(() => connections++);
  bridge.allows = false;
  expect(await outcome({ host: LOOPBACK, port })).toBe(TerminateKind.DENIED);
  expect(connections).toBe(0);
});

it('a name that nobody knows is no connection', async () => {
  expect(await outcome({ host: 'nobody.invalid', port: 80 })).toBe(TerminateKind.UNKNOWN_NAME);
});

it.each([
  ['port 0', { host: LOOPBACK, port: 0 }],
  ['a protocol that is neither TCP nor UDP', { host: LOOPBACK, port: 80, protocol: 132 }],
])('%s is denied', async (_, target) => {
  expect(await outcome(target)).toBe(TerminateKind.DENIED);
});

it('a name is resolved, and what was sent before the socket was open arrives', async () => {
  const received: Promise<Buffer>[] = [];
  const port = await bridge.listen((socket) => received.push(readAll(socket)));
  const program = await bridge.forward({ host: 'localhost', port });
  program.end('early');
  await eventually(() => {
    bridge.run();
    expect(received).toHaveLength(1);
  });
  expect((await received[0]).toString()).toBe('early');
});

it('a stream that is over before its socket is open leaves no socket behind', async () => {
  const closed: Promise<Buffer>[] = [];
  const port = await bridge.listen((socket) => closed.push(readAll(socket)));
  const stream = bridge.pair.client.streams.open({ protocol: 6, host: LOOPBACK, port }, 0) as Stream;
  bridge.run(50);
  stream.terminate(TerminateKind.RESET);
  bridge.run();
  for (const end of bridge.pair.ends) expect(end.streams.count).toBe(0);
  await eventually(() => expect(closed).toHaveLength(1));
  expect(await closed[0]).toHaveLength(0);
});

it('datagrams reach a socket and come back', async () => {
  const echo = createSocket('udp4');
  echo.on('message', (message, from) =>
    echo.send(Buffer.concat([message, message]), from.port, from.address),
  );
  await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve));
  const { streams } = bridge.pair.client;
  const stream = streams.open({ protocol: 17, host: LOOPBACK, port: echo.address().port }, 0) as Stream;
  const answers: Uint8Array[] = [];
  const reader = new DatagramReader();
  stream.owner = {
    handleNews: () => {
      for (;;) {
        const answer = reader.next(stream, bridge.pair.nowMs);
        if (answer === null) return;
        answers.push(answer);
      }
    },
  };
  writeDatagram(stream, Buffer.from('ab'));
  writeDatagram(stream, new Uint8Array(0));
  await eventually(() => {
    bridge.run();
    expect(answers.map((each) => Buffer.from(each).toString())).toEqual(['abab', '']);
  });
  echo.close();
});
