/** Packets go round through all stages, in the order of `proto/outbound.ts` and `proto/inbound.ts`, each stage timed. */
import { PacketBatch, Verdict } from '../../../src/proto/packet-batch.ts';
import { ReplayWindow, WindowVerdict } from '../../../src/proto/session/replay-window.ts';
import { type Devices, feedAll } from './devices.ts';
import { type Ends, turn } from './ends.ts';
import { type Load, makeLoad, ROUND_PACKETS } from './load.ts';
import { type StageTime, Stopwatch } from './stopwatch.ts';

/** The compiler wants to see the code a while before it is fast. */
const WARM_UP_ROUNDS = 100;
const EMPTY_READS = 1_000;

export function measureLoad(
  ends: Ends,
  devices: Devices,
  load: Load,
  rounds: number,
): ReadonlyMap<string, StageTime> {
  const packets = makeLoad(load);
  const batches = { tun: makeBatch(), wire: makeBatch() };
  let watch = new Stopwatch();
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    if (round === WARM_UP_ROUNDS) watch = new Stopwatch();
    turn(ends);
    feedAll(devices, packets, load.isJoined);
    sendRound(ends, devices, batches.tun, watch);
    receiveRound(ends, devices, batches.wire, watch);
  }
  return watch.results();
}

export function makeBatch(): PacketBatch {
  return new PacketBatch({ capacity: 512, arenaBytes: 1024 * 1024 });
}

function sendRound({ client }: Ends, { out }: Devices, batch: PacketBatch, watch: Stopwatch): void {
  batch.clear();
  while (batch.count < ROUND_PACKETS)
    if (watch.time(() => out.read(batch)) === 0) throw new Error('the kernel lost packets on the way to TUN');
  watch.lap('read and split', batch.count);
  const now = performance.now();
  watch.time(() => client.core.handleTunPackets(batch, now));
  watch.lap('classify', batch.count);
  watch.time(() => client.sealer.seal(batch));
  watch.lap('seal', batch.count);
  watch.time(() => client.udp.send(batch));
  watch.lap('send', batch.count);
}

function receiveRound({ server }: Ends, { sink }: Devices, batch: PacketBatch, watch: Stopwatch): void {
  let received = 0;
  while (received < ROUND_PACKETS) {
    batch.clear();
    if (watch.time(() => server.udp.receive(server.socket, batch)) === 0)
      throw new Error('loopback lost datagrams: is the machine very busy? Run it again');
    received += batch.count;
    if (batch.count < ROUND_PACKETS / 2) {
      // The rest of a round that came in several batches: stages of few packets cost more for each.
      watch.discard();
      continue;
    }
    watch.lap('receive', batch.count);
    unmaskAgain(server.sealer, batch, watch);
    openAndWrite(server, sink, batch, watch);
  }
}

/** Part of `receive`, once more on its own: masking is its own inverse, so the second time restores the first. */
function unmaskAgain(sealer: Ends['server']['sealer'], batch: PacketBatch, watch: Stopwatch): void {
  watch.time(() => sealer.unmask(batch, 0));
  watch.lap('  of it unmask', batch.count);
  sealer.unmask(batch, 0);
}

function openAndWrite(
  { core, sealer }: Ends['server'],
  sink: Devices['sink'],
  batch: PacketBatch,
  watch: Stopwatch,
): void {
  const now = performance.now();
  watch.time(() => core.handleDatagrams(batch, now));
  watch.lap('find session', batch.count);
  watch.time(() => sealer.open(batch));
  watch.lap('open', batch.count);
  watch.time(() => core.handleOpened(batch, now));
  watch.lap('mark, account, route', batch.count);
  const written = watch.time(() => sink.write(batch));
  watch.lap('write', batch.count);
  if (written < ROUND_PACKETS / 2)
    throw new Error(`of ${batch.count} datagrams only ${written} were delivered`);
  // The same datagrams over a second path.
  batch.verdict.fill(Verdict.RECEIVED, 0, batch.count);
  watch.time(() => core.handleDatagrams(batch, now));
  watch.lap('second copy', batch.count);
}

/** What stands outside of the round: the window alone, and a look at an empty TUN queue. */
export function measureAlone({ out }: Devices, rounds: number): ReadonlyMap<string, StageTime> {
  const watch = new Stopwatch();
  const window = new ReplayWindow();
  let number = 0;
  let fresh = 0;
  for (let round = 0; round < rounds; round++) {
    watch.time(() => {
      for (let i = 0; i < ROUND_PACKETS; i++, number++) {
        if (window.check(number) === WindowVerdict.NEW && window.mark(number)) fresh++;
      }
    });
    watch.lap('window, check and mark', ROUND_PACKETS);
  }
  if (fresh !== number) throw new Error('the window took new packets for old ones');
  const batch = makeBatch();
  while (out.read(batch) > 0) batch.clear();
  for (let round = 0; round < rounds / 10; round++) {
    watch.time(() => {
      for (let i = 0; i < EMPTY_READS; i++) out.read(batch);
    });
    watch.lap('read of an empty TUN', EMPTY_READS);
  }
  return watch.results();
}
