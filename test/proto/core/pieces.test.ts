import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/engine/clock.ts';
import { Engine, engineBatches } from '../../../src/engine/engine.ts';
import { MemoryTun } from '../../../src/tun/memory-tun.ts';
import { MemoryNetwork } from '../../../src/udp/memory-network.ts';
import { MemoryUdp } from '../../../src/udp/memory-udp.ts';
import type { Running } from '../../sim/host/host.ts';
import { packetId } from '../../sim/inner-packet.ts';
import { addressWords } from '../../sim/net/address.ts';
import { link } from '../../sim/plans.ts';
import { isUp, Stage } from './stage.ts';

/** More than the core can keep for TUN at once. */
const PACKETS = 1_300;
const PACKETS_PER_READ = 325;
const QUEUE = 8_192;

let stage: Stage;

afterEach(() => {
  stage.close();
});

/** The production loop around the simulated server's core; its TUN device and its socket are empty. */
function engineOfServer() {
  const host = stage.world.server;
  const { core, sealer, paths } = host['running'] as Running;
  const network = new MemoryNetwork();
  const udp = new MemoryUdp({
    network,
    paths,
    unmask: (batch, from) => sealer.unmask(batch, from),
    queueDatagrams: QUEUE,
  });
  const socket = udp.open({ family: 4, address: '127.0.0.1', port: 4600 });
  const tun = new MemoryTun({ queuePackets: QUEUE });
  const clock = { ...systemClock, nowMs: host.clock.nowMs };
  const engine = new Engine({
    clock,
    batches: engineBatches(),
    core,
    tun,
    udp,
    sealer,
    onEvent: () => {},
    onStreamNews: () => {},
  });
  return { engine, tun, network, socket };
}

describe('packets in pieces', () => {
  it('for a small path beside a large one arrive when more of them wait in the socket than the core keeps for TUN', async () => {
    stage = await Stage.connected({ clients: [[link(), link({}, { mtuBytes: 1_280 })]] });
    const wire = stage.keepBack(isUp);
    const sent: number[] = [];
    for (let i = 0; i < PACKETS; i += PACKETS_PER_READ)
      sent.push(...stage.burst(PACKETS_PER_READ, 1_400).map((packet) => packet.id));
    stage.run(50);
    expect(wire.kept.length).toBeGreaterThanOrEqual(2 * PACKETS);
    const { engine, tun, network, socket } = engineOfServer();
    const here = addressWords(wire.kept[0].to);
    here.fill(0, 1);
    here[1] = 0x7f000001;
    for (const { bytes, from } of wire.kept) network.deliver(bytes, addressWords(from), here);
    // Each turn of the loop takes a few batches; the kernel calls back as long as something waits.
    const turns = Math.ceil(wire.kept.length / PACKETS_PER_READ);
    for (let turn = 0; turn < turns; turn++) engine.watchSocket(socket);
    engine.close();
    const received = tun.take().map(({ bytes }) => packetId(bytes, 0));
    expect(received.sort((a, b) => a - b)).toEqual(sent);
  });
});
