/** What both forms of the TUN edge promise. The host behind the device speaks UDP from 10.2.0.1 port 443. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadNative } from '../../src/native/native.ts';
import { HEADROOM_BYTES, PacketFlags, TAILROOM_BYTES, Verdict } from '../../src/proto/packet-batch.ts';
import { LinuxTun } from '../../src/tun/linux-tun.ts';
import { MemoryTun } from '../../src/tun/memory-tun.ts';
import type { TunEdge } from '../../src/tun/tun.ts';
import { eventually } from '../eventually.ts';
import { buildPacket, noise, type PacketSpec, UDP } from '../native/packets.ts';
import { bytesOf, expectBytes, fill, finished, makeBatch, type Row } from '../native/rows.ts';
import { Lines, PEER } from './lines.ts';
import { Namespace } from './namespace.ts';

interface World {
  readonly tun: TunEdge;
  /** The host sends a datagram to 10.1.0.1. */
  send(payload: Uint8Array): void;
  /** Payloads that reached the host so far. */
  received(): Uint8Array[];
  close(): void;
}

const HOST = '10.2.0.1';

async function linuxWorld(offload: boolean): Promise<World> {
  const tun = new LinuxTun(loadNative(), { name: 'rvt%d', offload });
  const namespace = new Namespace();
  namespace.adopt(tun.name, [`${HOST}/8`]);
  const host = new Lines(namespace.spawn('node', PEER, 'host', HOST, '443'));
  await host.has('ready');
  return {
    tun,
    send: (payload) =>
      host.send({ to: '10.1.0.1', port: 40001, payload: Buffer.from(payload).toString('base64') }),
    received: () => host.values.slice(1).map(({ payload }) => Buffer.from(String(payload), 'base64')),
    close: () => namespace.close(),
  };
}

/** The spec of what the host sends: flow 1 the other way round. */
function fromHost(payload: Uint8Array): Uint8Array {
  const packet = buildPacket({ version: 4, transport: UDP, payload });
  packet.set([...packet.slice(16, 20), ...packet.slice(12, 16)], 12);
  packet.set([...packet.slice(22, 24), ...packet.slice(20, 22)], 20);
  return packet;
}

async function memoryWorld(): Promise<World> {
  const tun = new MemoryTun();
  const payloads: Uint8Array[] = [];
  return {
    tun,
    send: (payload) => tun.inject(fromHost(payload), PacketFlags.PARTIAL_CHECKSUM),
    received: () => {
      payloads.push(...tun.take().map(({ bytes }) => bytes.slice(28)));
      return payloads;
    },
    close: () => {},
  };
}

const forms: [string, () => Promise<World>][] = [
  ['linux with offloads', () => linuxWorld(true)],
  ['linux without offloads', () => linuxWorld(false)],
  ['memory', memoryWorld],
];

/** A row for the host. */
function toHost(payload: Uint8Array, change: Partial<PacketSpec> = {}): Row {
  const spec: PacketSpec = { version: 4, transport: UDP, payload, ...change };
  const isPartial = (spec.checksum ?? 'partial') === 'partial';
  return { bytes: buildPacket(spec), flags: isPartial ? PacketFlags.PARTIAL_CHECKSUM : 0 };
}

describe.each(forms)('%s', (_, makeWorld) => {
  let world: World;
  let tun: TunEdge;
  let isClosed: boolean;

  beforeEach(async () => {
    world = await makeWorld();
    tun = world.tun;
    isClosed = false;
  });
  afterEach(() => {
    if (!isClosed) tun.close();
    world.close();
  });

  /** Rows of the UDP packets to 10.1.0.1 port 40001; the kernel says other things, too, at any time. */
  function ownRows(batch: ReturnType<typeof makeBatch>): number[] {
    const rows = Array.from({ length: batch.count }, (_, row) => row);
    return rows.filter((row) => {
      const bytes = bytesOf(batch, row);
      return bytes[0] === 0x45 && bytes[9] === UDP && bytes[22] << 8 === (40001 & 0xff00);
    });
  }

  function payloadsOf(batch: ReturnType<typeof makeBatch>): Uint8Array[] {
    return ownRows(batch).map((row) => bytesOf(batch, row).slice(28));
  }

  async function read(count: number, batch = makeBatch()): Promise<ReturnType<typeof makeBatch>> {
    await eventually(() => {
      tun.read(batch);
      expect(payloadsOf(batch).length).toBeGreaterThanOrEqual(count);
    });
    return batch;
  }

  it('reads packets into rows with room around them', async () => {
    const payloads = [noise(100, 1), noise(1300, 2), noise(1, 3)];
    for (const payload of payloads) world.send(payload);
    const batch = await read(3);
    expect(payloadsOf(batch).map((each) => Buffer.from(each))).toEqual(
      payloads.map((each) => Buffer.from(each)),
    );
    let end = 0;
    for (let row = 0; row < batch.count; row++) {
      expect(batch.offset[row]).toBe(end + HEADROOM_BYTES);
      end = batch.offset[row] + batch.length[row] + TAILROOM_BYTES;
      expect([batch.verdict[row], batch.keySlot[row], batch.train[row]]).toEqual([Verdict.DROP, -1, -1]);
    }
    expect(batch.end).toBe(end);
  });

  it('reads checksums that are whole, or marked as partial', async () => {
    world.send(noise(77));
    const batch = await read(1);
    const [row] = ownRows(batch);
    const spec: PacketSpec = { version: 4, transport: UDP, payload: noise(77) };
    const packet = finished({ bytes: bytesOf(batch, row), flags: batch.flags[row] }, spec);
    // A finished packet sums up to all ones, pseudo header included.
    const again = packet.slice();
    again.fill(0, 26, 28);
    const expected = fromHost(noise(77));
    expectBytes(again.subarray(12, 26), expected.subarray(12, 26));
    const reference = buildPacket({ ...spec, checksum: 'full' });
    expectBytes(packet.subarray(26, 28), reference.subarray(26, 28));
  });

  it('delivers the rows that are to be delivered, and says how many', async () => {
    const batch = makeBatch();
    fill(batch, [toHost(noise(50, 1)), toHost(noise(60, 2), { checksum: 'full' })]);
    fill(batch, [toHost(noise(70, 3))], Verdict.OPENED);
    fill(batch, [toHost(noise(80, 4))]);
    expect(tun.write(batch)).toBe(3);
    await eventually(() => expect(world.received().map((payload) => payload.length)).toEqual([50, 60, 80]));
    expectBytes(world.received()[2], noise(80, 4));
  });

  it('delivers runs of one flow in order', async () => {
    const batch = makeBatch();
    const rows = Array.from({ length: 50 }, (_, i) => toHost(noise(i === 30 ? 300 : 500, i), { id: i }));
    fill(batch, rows);
    expect(tun.write(batch)).toBe(50);
    await eventually(() => expect(world.received().length).toBe(50));
    for (const [i, payload] of world.received().entries())
      expectBytes(payload, noise(i === 30 ? 300 : 500, i));
  });

  it('does not take what is no IP packet of the length of its row', async () => {
    const batch = makeBatch();
    const { bytes } = toHost(noise(50));
    const broken = bytes.slice();
    broken[0] = 0x75;
    fill(
      batch,
      [bytes.slice(0, 77), bytes.slice(0, 10), new Uint8Array(0), broken].map((each) => ({
        bytes: each,
        flags: 1,
      })),
    );
    fill(batch, [toHost(noise(90))]);
    expect(tun.write(batch)).toBe(1);
    await eventually(() => expect(world.received().map((payload) => payload.length)).toEqual([90]));
  });

  it('keeps what does not fit the batch for the next one', async () => {
    for (let i = 0; i < 20; i++) world.send(noise(100, i));
    const lengths: number[] = [];
    const batch = makeBatch(8, 4096);
    await eventually(() => {
      batch.clear();
      tun.read(batch);
      expect(batch.count).toBeLessThanOrEqual(8);
      lengths.push(...payloadsOf(batch).map((payload) => payload.length));
      expect(lengths.length).toBe(20);
    });
  });

  it('calls the watcher while something waits, and no longer', async () => {
    const batch = makeBatch();
    let calls = 0;
    tun.watch(() => {
      calls++;
      tun.read(batch);
    });
    world.send(noise(10));
    await eventually(() => expect(payloadsOf(batch).length).toBe(1));
    world.send(noise(20));
    await eventually(() => expect(payloadsOf(batch).length).toBe(2));
    tun.watch(null);
    const before = calls;
    world.send(noise(30));
    await read(3, batch);
    expect(calls).toBe(before);
  });

  it('refuses to work once closed', () => {
    tun.close();
    isClosed = true;
    expect(() => tun.read(makeBatch())).toThrow(TypeError);
    expect(() => tun.write(makeBatch())).toThrow(TypeError);
    expect(() => tun.close()).toThrow(TypeError);
  });
});
