/**
 * The core's datagram entry under a peer that has every key and no manners: interiors are mutated before they are sealed, so
 * that the seal holds and the nonsense comes through. Nothing may throw, every bound holds, other clients notice nothing, and
 * the two ends still talk after a new start.
 */
import type { CoreBase } from '../../../src/proto/core-base.ts';
import { DATAGRAM_HEADER_BYTES } from '../../../src/proto/packet-batch.ts';
import type { Host } from '../host/host.ts';
import { client, flow, HOUR_MS, link, scenario } from '../plans.ts';
import { Random } from '../random.ts';
import { associationsOf } from '../watch/step.ts';
import { Violation } from '../watch/violation.ts';
import { World } from '../world.ts';

const MAX_INTERIOR_BYTES = 1_400;
/** A round of nonsense takes so long in the world: keep-alives, handshakes and repairs go on. */
const ROUND_MS = 20;
/** How long the two may take to find each other again when the nonsense is over. */
const RECOVERY_MS = 20_000;
const INTERESTING = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x20, 0x40, 0x45, 0x80, 0xa3, 0xff];

/** Hex of interiors: what the mutations start from. */
export async function fuzzCore(corpus: readonly string[], seed: number, rounds: number): Promise<void> {
  const random = new Random(seed, 'core-fuzz');
  const seeds = corpus.map((text) => Uint8Array.from(Buffer.from(text, 'hex')));
  const world = await World.create(
    scenario('core-fuzz', {
      seed,
      durationMs: 1e5 * HOUR_MS,
      clients: [client([link(), link({ delayMs: 30 })]), client([link({ delayMs: 20 })])],
      // The second client talks all the while, and its progress is watched.
      flows: [flow('up', { client: 1, everyMs: 100 }), flow('down', { client: 1, everyMs: 100 })],
    }),
  );
  try {
    expectNonsense(world);
    world.run(2_000);
    for (let round = 0; round < rounds; round++) {
      const from: Host = random.chance(0.5) ? world.clients[0] : world.server;
      const interior = random.chance(0.05) ? random.bytes(random.between(0, 200)) : mutate(random, seeds);
      from.run((core) => say(core, interior));
      world.run(world.queue.nowMs + random.fraction() * ROUND_MS);
    }
    checkAlive(world);
  } finally {
    world.close();
  }
}

/** Packets that nobody offered will come out: that is what this is about. */
function expectNonsense({ ledger, server }: World): void {
  const deliver = ledger.deliver.bind(ledger);
  const nothing = ledger.offer({
    from: 0,
    to: 0,
    length: 0,
    addresses: { family: 4, source: 0, destination: 0 },
    offeredMs: 0,
    isSpoofed: false,
    isMalformed: false,
  });
  ledger.deliver = (...packet) => {
    try {
      return deliver(...packet);
    } catch {
      return nothing;
    }
  };
  // Nor is there anything that has to come out.
  ledger.find = () => undefined;
  server.onDelivered = (
    (next) => (packet) =>
      packet !== nothing && next(packet)
  )(server.onDelivered);
}

function say(core: CoreBase, interior: Uint8Array): void {
  const association = associationsOf(core).find(({ name }) => name !== 'client1');
  const session = association?.current;
  const { outbox } = core;
  if (!session) return;
  const row = outbox.begin(interior.length);
  if (row < 0) return;
  outbox.batch.arena.set(interior, outbox.batch.offset[row]);
  const mask = association.paths.reduce((bits, path) => bits | (path === null ? 0 : 1 << path.id), 0);
  outbox.finish(row, interior.length, session, mask);
}

function mutate(random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  let bytes = [...random.pick(seeds)];
  for (let changes = random.between(0, 5); changes > 0; changes--) {
    const at = random.between(0, Math.max(0, bytes.length - 1));
    switch (random.between(0, 5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7));
        break;
      case 1:
        bytes[at] = random.pick(INTERESTING);
        break;
      case 2:
        bytes[at] = random.between(0, 255);
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes.splice(at, 0, ...random.bytes(random.between(1, 8)));
        break;
      case 5:
        // Several interior packets in one datagram.
        bytes.push(...random.pick(seeds));
        break;
    }
  }
  return Uint8Array.from(bytes.slice(0, MAX_INTERIOR_BYTES));
}

function checkAlive(world: World): void {
  const [each] = world.clients;
  each.stop(false);
  each.start();
  world.run(world.queue.nowMs + RECOVERY_MS);
  const [peer] = each.client.snapshot(each.clock.nowMs).peers;
  if (!peer.session.established || peer.address === null)
    throw new Violation('recovers', `no session and address ${RECOVERY_MS / 1000} s after the nonsense`);
}

/** Interiors that two well-behaved ends exchange: the corpus, to be kept as hex. */
export async function recordInteriors(count: number): Promise<string[]> {
  const found = new Map<string, string>();
  const world = await World.create(
    scenario('record', {
      durationMs: 150_000,
      clients: [
        client([link({ mtuBytes: 1_380 }), link({ delayMs: 30 })]),
        client([link({}, { family: 6 })]),
      ],
      flows: [
        flow('up', { maxBytes: 1_500, everyMs: 2_100 }),
        flow('peer', { client: 1, peer: 0, everyMs: 2_300 }),
      ],
      events: [
        { atMs: 90_000, kind: 'client-restart', client: 0, downMs: 100, goodbye: true },
        { atMs: 140_000, kind: 'server-restart', downMs: 100, goodbye: true, keepsState: true },
      ],
    }),
  );
  try {
    const listen = () => {
      for (const host of [world.server, ...world.clients]) {
        const sealer = host['running']?.sealer;
        if (sealer) sealer.onSealing = (bytes) => keep(found, bytes);
      }
    };
    for (let ms = 1; ms < 150_000 && found.size < count; ms += 200) {
      listen();
      world.run(ms);
    }
  } finally {
    world.close();
  }
  return [...found.values()];
}

/** One of each kind: flags, channel, command and a rough length. */
function keep(found: Map<string, string>, datagram: Uint8Array): void {
  const interior = datagram.subarray(DATAGRAM_HEADER_BYTES);
  const kind = `${interior[0]} ${interior[1]} ${interior[1] === 0 ? interior[5] : interior[8]} ${interior.length >> 7}`;
  if (!found.has(kind)) found.set(kind, Buffer.from(interior).toString('hex'));
}
