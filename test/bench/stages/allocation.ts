/** What the packet path leaves for the garbage collector: heap bytes per packet over all stages of both ends. */
import { percentile } from '../statistics.ts';
import { type Devices, feedAll } from './devices.ts';
import { type Ends, turn } from './ends.ts';
import { type Load, makeLoad, ROUND_PACKETS } from './load.ts';
import { makeBatch } from './rounds.ts';

/** The compiler is done with everything by then. */
const WARM_UP_ROUNDS = 600;

/**
 * Median over `rounds`, so that rounds in which the collector or the compiler was at work do not count. What is left are a few numbers
 * per batch that cross from the addon.
 */
export function measureAllocation(ends: Ends, devices: Devices, load: Load, rounds: number): number {
  const packets = makeLoad(load);
  const batches = { tun: makeBatch(), wire: makeBatch() };
  const used: number[] = [];
  const looks: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    turn(ends);
    feedAll(devices, packets, load.isJoined);
    const before = process.memoryUsage().heapUsed;
    const look = process.memoryUsage().heapUsed;
    carry(ends, devices, batches.tun, batches.wire);
    const after = process.memoryUsage().heapUsed;
    if (round < WARM_UP_ROUNDS) continue;
    looks.push(look - before);
    used.push(after - look);
  }
  return Math.max(0, percentile(used, 50) - percentile(looks, 50)) / ROUND_PACKETS;
}

type Batch = ReturnType<typeof makeBatch>;

function carry({ client, server }: Ends, { out, sink }: Devices, tun: Batch, wire: Batch): void {
  tun.clear();
  while (tun.count < ROUND_PACKETS && out.read(tun) > 0);
  client.core.handleTunPackets(tun, performance.now());
  client.sealer.seal(tun);
  client.udp.send(tun);
  client.core.handleSent(tun, performance.now());
  wire.clear();
  while (wire.count < ROUND_PACKETS && server.udp.receive(server.socket, wire) > 0);
  const now = performance.now();
  server.core.handleDatagrams(wire, now);
  server.sealer.open(wire);
  server.core.handleOpened(wire, now);
  sink.write(wire);
}
