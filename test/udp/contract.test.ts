/** What both forms of the UDP edge promise. */
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ADDRESS_WORDS,
  PATH_ERRNO,
  PATH_FAILED,
  PATH_SENT,
  PATH_SENT_BYTES,
  type PacketBatch,
  Verdict,
} from '../../src/proto/packet-batch.ts';
import { formatAddress, formatLocal } from '../../src/udp/address.ts';
import { eventually } from '../eventually.ts';
import { appendToSeal, type DatagramSpec } from '../native/datagrams.ts';
import { noise } from '../native/packets.ts';
import { bytesOf, expectBytes, makeBatch } from '../native/rows.ts';
import { type End, linuxWorld, memoryWorld, sealer, setPath, type World } from './ends.ts';

const forms: [string, () => World][] = [
  ['linux', linuxWorld],
  ['memory', memoryWorld],
];

function datagram(packetNumber: number, bytes = 100): DatagramSpec {
  return {
    type: 0,
    sessionId: 0x01020304,
    packetNumber: BigInt(packetNumber),
    body: noise(bytes, packetNumber),
  };
}

/** Seals one row per spec for the paths of peer 0 in `mask`. */
function prepare(specs: readonly DatagramSpec[], mask = 1): PacketBatch {
  const batch = makeBatch(512, 1 << 20);
  for (const spec of specs) batch.pathMask[appendToSeal(batch, spec)] = mask;
  sealer.seal(batch);
  return batch;
}

/** Receives until `count` rows are there. */
async function receive({ udp }: End, socket: number, count: number): Promise<PacketBatch> {
  const batch = makeBatch(512, 1 << 20);
  await eventually(() => {
    udp.receive(socket, batch);
    expect(batch.count).toBeGreaterThanOrEqual(count);
  });
  return batch;
}

describe.each(forms)('%s', (_, makeWorld) => {
  let world: World;
  let a: End;
  let b: End;
  let socketA: number;
  let socketB: number;
  let toB: number;

  beforeEach(() => {
    world = makeWorld();
    [a, b] = world.ends;
    socketA = a.udp.open({ family: 4, address: '127.0.0.1' });
    socketB = b.udp.open({ family: 4, address: '127.0.0.1' });
    toB = setPath(a, 0, 0, socketA, '127.0.0.1', b.udp.port(socketB));
  });
  afterEach(() => world.close());

  it('carries datagrams in order, unmasked, with sender and local address', async () => {
    const specs = [datagram(1), datagram(2), datagram(3, 60), datagram(4), datagram(5, 1400)];
    expect(a.udp.send(prepare(specs))).toBe(5);
    const batch = await receive(b, socketB, 5);
    for (const [row, spec] of specs.entries()) {
      expect(batch.verdict[row]).toBe(Verdict.RECEIVED);
      expect(batch.packetNumber[row]).toBe(Number(spec.packetNumber));
      expect(batch.sessionId[row]).toBe(spec.sessionId);
      const train = batch.train[row];
      expect(batch.trainSocket[train]).toBe(socketB);
      expect(formatAddress(batch.trainAddress, train * ADDRESS_WORDS)).toBe(
        `127.0.0.1:${a.udp.port(socketA)}`,
      );
      expect(formatLocal(batch.trainAddress, train * ADDRESS_WORDS)).toBe('127.0.0.1');
      batch.verdict[row] = Verdict.OPEN;
      batch.keySlot[row] = 3;
    }
    expect(batch.trainCount).toBe(1);
    sealer.open(batch);
    for (const [row, spec] of specs.entries()) expectBytes(bytesOf(batch, row), spec.body);
  });

  it('counts copies on their paths', async () => {
    const third = b.udp.open({ family: 4, address: '127.0.0.1' });
    const other = setPath(a, 0, 5, socketA, '127.0.0.1', b.udp.port(third));
    expect(a.udp.send(prepare([datagram(1), datagram(2)], 0b100001))).toBe(4);
    for (const socket of [socketB, third]) {
      const batch = await receive(b, socket, 2);
      expect([...batch.packetNumber.slice(0, 2)]).toEqual([1, 2]);
    }
    for (const row of [toB, other]) {
      expect(a.paths.words[row + PATH_SENT]).toBe(2);
      expect(a.paths.words[row + PATH_FAILED]).toBe(0);
      expect(a.paths.words[row + PATH_SENT_BYTES]).toBe(2 * 128);
    }
  });

  it('answers a train from the address that was spoken to', async () => {
    a.udp.send(prepare([datagram(1)]));
    const asked = await receive(b, socketB, 1);
    const answer = makeBatch();
    answer.trainSocket[2] = asked.trainSocket[0];
    answer.trainAddress.set(asked.trainAddress.subarray(0, ADDRESS_WORDS), 2 * ADDRESS_WORDS);
    answer.train[appendToSeal(answer, datagram(9))] = 2;
    sealer.seal(answer);
    expect(b.udp.send(answer)).toBe(1);
    const batch = await receive(a, socketA, 1);
    expect(batch.packetNumber[0]).toBe(9);
    expect(formatAddress(batch.trainAddress)).toBe(`127.0.0.1:${b.udp.port(socketB)}`);
  });

  it('takes only rows with SEND', async () => {
    const batch = prepare([datagram(1), datagram(2), datagram(3)]);
    batch.verdict[1] = Verdict.DROP;
    expect(a.udp.send(batch)).toBe(2);
    const received = await receive(b, socketB, 2);
    expect([...received.packetNumber.slice(0, 2)]).toEqual([1, 3]);
  });

  it('sends nothing on an empty mask', () => {
    expect(a.udp.send(prepare([datagram(1)], 0))).toBe(0);
  });

  it('appends behind what the batch holds', async () => {
    a.udp.send(prepare([datagram(1)]));
    const batch = await receive(b, socketB, 1);
    a.udp.send(prepare([datagram(2)]));
    await eventually(() => expect(b.udp.receive(socketB, batch)).toBe(1));
    expect(batch.count).toBe(2);
    expect([...batch.packetNumber.slice(0, 2)]).toEqual([1, 2]);
    expect(batch.offset[1]).toBeGreaterThanOrEqual(batch.offset[0] + batch.length[0]);
    expect(batch.end).toBeGreaterThanOrEqual(batch.offset[1] + batch.length[1]);
  });

  it('drops what is shorter than header and tag', async () => {
    const batch = prepare([datagram(1)]);
    batch.length[0] = 27;
    expect(a.udp.send(batch)).toBe(1);
    const received = await receive(b, socketB, 1);
    expect(received.verdict[0]).toBe(Verdict.DROP);
    expect(received.length[0]).toBe(27);
  });

  it('says on the path what is wrong with it', () => {
    const closed = a.udp.open({ family: 4, address: '127.0.0.1' });
    a.udp.close(closed);
    const noSocket = setPath(a, 0, 1, closed, '127.0.0.1', 9);
    const noAddress = setPath(a, 0, 2, socketA, '127.0.0.1', 0);
    const otherFamily = setPath(a, 0, 3, socketA, '::1', 9);
    const never = setPath(a, 0, 4, -1, '127.0.0.1', 9);
    expect(a.udp.send(prepare([datagram(1), datagram(2)], 0b11111))).toBe(2);
    const error = (row: number) => [a.paths.words[row + PATH_FAILED], a.paths.words[row + PATH_ERRNO]];
    expect(error(toB)).toEqual([0, 0]);
    expect(error(noSocket)).toEqual([2, constants.errno.EBADF]);
    expect(error(noAddress)).toEqual([2, constants.errno.EDESTADDRREQ]);
    expect(error(otherFamily)).toEqual([2, constants.errno.EDESTADDRREQ]);
    expect(error(never)).toEqual([2, constants.errno.EBADF]);
  });

  it('calls the watcher while something waits, and no longer', async () => {
    let calls = 0;
    const batch = makeBatch(512, 1 << 20);
    b.udp.watch(socketB, () => {
      calls++;
      b.udp.receive(socketB, batch);
      if (batch.count === 2) b.udp.watch(socketB, null);
    });
    a.udp.send(prepare([datagram(1)]));
    await eventually(() => expect(batch.count).toBe(1));
    a.udp.send(prepare([datagram(2)]));
    await eventually(() => expect(batch.count).toBe(2));
    const before = calls;
    a.udp.send(prepare([datagram(3)]));
    await receive(b, socketB, 1);
    expect(calls).toBe(before);
  });

  it('can be closed in its own callback', async () => {
    let calls = 0;
    b.udp.watch(socketB, () => {
      calls++;
      b.udp.close(socketB);
    });
    a.udp.send(prepare([datagram(1)]));
    await eventually(() => expect(calls).toBe(1));
    expect(() => b.udp.receive(socketB, makeBatch())).toThrow(TypeError);
  });

  it('refuses a taken port, and a closed socket', () => {
    const taken = { family: 4, address: '127.0.0.1', port: b.udp.port(socketB) } as const;
    expect(() => a.udp.open(taken)).toThrow(expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind' }));
    a.udp.close(socketA);
    expect(() => a.udp.receive(socketA, makeBatch())).toThrow(TypeError);
    expect(() => a.udp.watch(socketA, () => {})).toThrow(TypeError);
    expect(() => a.udp.close(socketA)).toThrow(TypeError);
  });

  it('receives what does not fit the batch the next time', async () => {
    const specs = Array.from({ length: 300 }, (_, i) => datagram(i, 50));
    expect(a.udp.send(prepare(specs))).toBe(300);
    const numbers: number[] = [];
    await eventually(() => {
      const batch = makeBatch(136, 128 * 1024);
      b.udp.receive(socketB, batch);
      numbers.push(...batch.packetNumber.subarray(0, batch.count));
      expect(numbers.length).toBe(300);
    });
    expect(numbers).toEqual(specs.map((spec) => Number(spec.packetNumber)));
  });
});
