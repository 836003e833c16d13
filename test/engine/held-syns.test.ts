import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { HeldSyns } from '../../src/engine/held-syns.ts';
import { handleStreamNews } from '../../src/engine/stream-owner.ts';
import type { Stream } from '../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../src/proto/wire/stream-commands.ts';
import { Pair } from '../proto/stream/pair.ts';
import { type TcpWishes, tcpPacket } from './packets.ts';

const ONWARD = 52;
const ANSWER = 100;

let pair: Pair;
let held: HeldSyns;
/** Marks of what was given back, with the sequence number of the packet. */
let given: [mark: number, sequence: number][];
/** What the server is asked for. */
let wanted: Stream[];
let timers: { dueMs: number; run: () => void }[];
let isFull: boolean;

beforeEach(() => {
  pair = new Pair(1);
  given = [];
  wanted = [];
  timers = [];
  isFull = false;
  const { client, server } = pair;
  held = new HeldSyns({
    host: {
      get nowMs() {
        return pair.nowMs;
      },
      drain: () => undefined,
    },
    clock: {
      after: (delayMs, run) => {
        const timer = { dueMs: pair.nowMs + delayMs, run };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    },
    open: (target) => (isFull ? null : client.streams.open(target, pair.nowMs)),
    port: {
      send: (_family, packet, mark) => {
        const { byteOffset, buffer } = packet;
        given.push([mark, new DataView(buffer, byteOffset).getUint32(24)]);
      },
    },
    marks: { onward: ONWARD, answer: ANSWER },
  });
  const ignore = () => undefined;
  client.handleNews = () => handleStreamNews(client.news.splice(0), ignore, ignore);
  server.handleNews = () => handleStreamNews(server.news.splice(0), (stream) => wanted.push(stream), ignore);
});

const send = (wishes: TcpWishes = {}) => held.handleHead(tcpPacket(4, wishes).packet);

function run(ms: number): void {
  const endMs = pair.nowMs + ms;
  while (pair.nowMs < endMs) {
    pair.run(Math.min(100, endMs - pair.nowMs));
    for (const timer of timers.filter(({ dueMs }) => dueMs <= pair.nowMs)) {
      timers = timers.filter((other) => other !== timer);
      timer.run();
    }
  }
}

/** The connection as the kernel hands it to the listener. */
function socketOf({ sourcePort = 40_000, port = 80 }: TcpWishes = {}): Socket {
  const addresses = { remoteAddress: '10.77.0.2', localAddress: '192.0.2.80', remotePort: sourcePort };
  return Object.assign(new EventEmitter(), addresses, { localPort: port }) as unknown as Socket;
}

describe('a target that answers', () => {
  it('lets the packet go on, and the connection finds its stream', () => {
    send();
    run(300);
    expect(wanted.map(({ target }) => [...(target.host as Uint8Array), target.port])).toEqual([
      [192, 0, 2, 80, 80],
    ]);
    expect(given).toEqual([]);
    wanted[0].accept();
    run(300);
    expect(given).toEqual([[ONWARD, 1]]);
    const socket = socketOf();
    expect(held.take(socket)?.phase).toBe('open');
    expect(held.take(socketOf())).toBeUndefined();
    socket.emit('close');
    expect(held.size).toBe(0);
  });

  it('is asked once, however often the packet is repeated', () => {
    for (let i = 0; i < 5; i++) {
      send();
      run(1_000);
    }
    expect(wanted).toHaveLength(1);
    wanted[0].accept();
    run(300);
    expect(given).toEqual([[ONWARD, 1]]);
    // What the kernel said to it was lost; and it knows best what to say to a connection that is open.
    send();
    held.take(socketOf());
    send({ sequence: 2 });
    expect(given).toEqual([1, 1, 2].map((sequence) => [ONWARD, sequence]));
    run(300);
    expect(wanted).toHaveLength(1);
  });

  it('answers the latest attempt from the same port', () => {
    send();
    send({ sequence: 9 });
    run(300);
    wanted[0].accept();
    run(300);
    expect(wanted).toHaveLength(1);
    expect(given).toEqual([[ONWARD, 9]]);
  });

  it('and cuts off at once is heard of by the listener', () => {
    send();
    run(300);
    wanted[0].accept();
    wanted[0].terminate(TerminateKind.RESET);
    run(2_000);
    expect(given).toEqual([[ONWARD, 1]]);
    expect(held.take(socketOf())?.phase).toBe('over');
  });
});

describe('a target that says no', () => {
  it.each([
    ['refused', TerminateKind.REFUSED, [ANSWER + 1]],
    ['host unreachable', TerminateKind.UNREACHABLE, [ANSWER + 2]],
    ['network unreachable', TerminateKind.NETWORK_UNREACHABLE, [ANSWER + 3]],
    ['prohibited', TerminateKind.DENIED, [ANSWER + 4]],
    ['nothing at all', TerminateKind.TIMED_OUT, []],
    ['nothing while the server has too many', TerminateKind.LIMIT, []],
  ])('%s', (_, kind, marks) => {
    send();
    run(300);
    wanted[0].terminate(kind);
    run(300);
    expect(given.map(([mark]) => mark)).toEqual(marks);
    expect(held.size).toBe(0);
    // Whoever asks again is answered again.
    send();
    run(300);
    expect(wanted).toHaveLength(2);
  });
});

describe('a server that was started anew', () => {
  it('is asked again, once for each packet', () => {
    const restart = () => {
      for (const { streams } of pair.ends) streams.handlePeerRestarted();
    };
    send();
    run(50);
    restart();
    run(300);
    expect(wanted).toHaveLength(2);
    expect(held.size).toBe(1);
    restart();
    run(300);
    expect(held.size).toBe(0);
    expect(given).toEqual([]);
  });
});

describe('a program that does not want it any more', () => {
  it('is not asked for', () => {
    send();
    run(3_000);
    expect(held.size).toBe(1);
    run(3_000);
    expect(held.size).toBe(0);
    for (const end of pair.ends) expect(end.streams.count).toBe(0);
    expect(timers).toEqual([]);
  });

  it('is known by the pace of its packets', () => {
    send();
    for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]) {
      run(ms);
      send();
    }
    run(64_000);
    expect(wanted).toHaveLength(1);
    expect(held.size).toBe(1);
    run(30_000);
    expect(held.size).toBe(0);
  });

  it('has it ended when nobody takes it', () => {
    send();
    run(300);
    wanted[0].accept();
    run(10_000);
    expect(held.size).toBe(0);
    for (const end of pair.ends) expect(end.streams.count).toBe(0);
  });
});

describe('too many', () => {
  it('streams: silence, until there is room', () => {
    isFull = true;
    send();
    expect(held.size).toBe(0);
    isFull = false;
    send();
    run(300);
    expect(wanted).toHaveLength(1);
  });

  it('connections: the others are taken as they come', () => {
    const stream = { phase: 'starting', terminate: () => undefined } as unknown as Stream;
    const many = new HeldSyns({
      host: { nowMs: 0, drain: () => undefined },
      clock: { after: () => () => undefined },
      open: () => ({ ...stream }) as Stream,
      port: { send: (_family, _packet, mark) => given.push([mark, 0]) },
      marks: { onward: ONWARD, answer: ANSWER },
    });
    for (let i = 0; i < 520; i++) many.handleHead(tcpPacket(4, { sourcePort: 10_000 + i }).packet);
    expect(many.size).toBe(512);
    expect(given).toEqual(Array(8).fill([ONWARD, 0]));
    // One that has come in makes room, and its end takes none away.
    const socket = socketOf({ sourcePort: 10_000 });
    many.take(socket);
    many.handleHead(tcpPacket(4, { sourcePort: 20_000 }).packet);
    expect(many.size).toBe(513);
    socket.emit('close');
    many.handleHead(tcpPacket(4, { sourcePort: 20_001 }).packet);
    expect(many.size).toBe(512);
    expect(given).toHaveLength(9);
  });
});

it('what is no first packet is left alone', () => {
  held.handleHead(new Uint8Array(0));
  send({ flags: 0x10 });
  expect(held.size).toBe(0);
  expect(held.take(Object.assign(new EventEmitter()) as Socket)).toBeUndefined();
});
