/** The loop around the core, with edges that only note what happens. */
import { expect, it } from 'vitest';
import { Engine, type EngineParts, engineBatches } from '../../src/engine/engine.ts';
import { Outbox } from '../../src/proto/outbox.ts';
import { PacketBatch } from '../../src/proto/packet-batch.ts';

/** Sockets 1 … 3, each with one datagram. */
function engineWith(answers: number) {
  const happened: string[] = [];
  const callbacks: { tun: () => void; socket: () => void } = {
    tun: () => undefined,
    socket: () => undefined,
  };
  const datagrams = [0, 1, 1, 1];
  let waiting = 0;
  const parts = {
    clock: { nowMs: 0, wallMs: 0, after: () => () => undefined },
    batches: engineBatches(),
    core: {
      outbox: new Outbox(),
      deliveries: new PacketBatch({ capacity: 8, arenaBytes: 4_096 }),
      events: [],
      streamNews: [],
      nextTimeoutMs: Number.POSITIVE_INFINITY,
      handleTunPackets: () => undefined,
      handleDatagrams: (batch: PacketBatch) => batch.count,
      handleOpened: () => false,
      handleSent: () => undefined,
      settle: () => undefined,
    },
    tun: {
      read(batch: PacketBatch) {
        const count = waiting;
        waiting = 0;
        for (let i = 0; i < count; i++) batch.append(40);
        return count;
      },
      write(batch: PacketBatch) {
        happened.push(`delivered ${batch.count}`);
        waiting = answers;
        return batch.count;
      },
      watch: (callback: () => void) => {
        callbacks.tun = callback;
      },
    },
    udp: {
      receive(socket: number, batch: PacketBatch) {
        const count = datagrams[socket];
        datagrams[socket] = 0;
        for (let i = 0; i < count; i++) batch.append(100);
        return count;
      },
      send: (batch: PacketBatch) => happened.push(`sent ${batch.count}`),
      watch: (socket: number, callback: () => void) => {
        if (socket === 1) callbacks.socket = callback;
      },
      close: (socket: number) => happened.push(`closed ${socket}`),
    },
    sealer: { seal: () => undefined, open: () => undefined },
    onEvent: () => undefined,
    onStreamNews: () => undefined,
  };
  const engine = new Engine(parts as unknown as EngineParts);
  engine.watchSocket(1);
  return { engine, happened, callbacks };
}

it("what this host answers at once leaves without a wake-up of TUN's own", () => {
  const { happened, callbacks } = engineWith(2);
  callbacks.socket();
  expect(happened).toEqual(['delivered 1', 'sent 2']);
});

it('sends nothing where nothing was answered', () => {
  const { happened, callbacks } = engineWith(0);
  callbacks.socket();
  callbacks.tun();
  expect(happened).toEqual(['delivered 1']);
});

it('what came over other paths meanwhile needs no wake-up, once the first is answered', () => {
  const { engine, happened, callbacks } = engineWith(2);
  engine.watchSocket(2);
  callbacks.socket();
  expect(happened).toEqual(['delivered 1', 'sent 2', 'delivered 1', 'sent 2']);
});

it('a closed socket is not read any more', () => {
  const { engine, happened, callbacks } = engineWith(0);
  engine.watchSocket(2);
  engine.watchSocket(3);
  engine.closeSocket(2);
  callbacks.socket();
  expect(happened).toEqual(['closed 2', 'delivered 1', 'delivered 1']);
});
