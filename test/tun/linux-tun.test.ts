/**
 * Two namespaces with a TUN device each; the test carries packets from one to the other. The kernels at both ends are
 * the judges: TCP arrives whole only when every header, length and checksum was right.
 *
 *   source ── tun A ── read → write ── tun B ── sink
 */
import { afterEach, describe, expect, it } from 'vitest';
import { loadNative } from '../../src/native/native.ts';
import { Verdict } from '../../src/proto/packet-batch.ts';
import { LinuxTun } from '../../src/tun/linux-tun.ts';
import { eventually } from '../eventually.ts';
import { makeBatch } from '../native/rows.ts';
import { Lines, PEER } from './lines.ts';
import { Namespace } from './namespace.ts';

interface End {
  readonly tun: LinuxTun;
  readonly namespace: Namespace;
  /** Rows that were read from it, and taken by it. */
  readRows: number;
  writtenRows: number;
  lostRows: number;
}

const ends: End[] = [];

afterEach(() => {
  for (const { tun, namespace } of ends.splice(0)) {
    tun.close();
    namespace.close();
  }
});

function makeEnd(options: { offload?: boolean; tap?: boolean }, addresses: string[]): End {
  const tun = new LinuxTun(loadNative(), { name: 'rvt%d', ...options });
  const namespace = new Namespace();
  namespace.adopt(tun.name, addresses);
  const end = { tun, namespace, readRows: 0, writtenRows: 0, lostRows: 0 };
  ends.push(end);
  return end;
}

/** Carries everything from one device to the other. */
function carry(from: End, to: End): void {
  const batch = makeBatch(512, 1 << 20);
  from.tun.watch(() => {
    from.readRows += from.tun.read(batch);
    batch.verdict.fill(Verdict.DELIVER, 0, batch.count);
    const taken = to.tun.write(batch);
    to.writtenRows += taken;
    to.lostRows += batch.count - taken;
    batch.clear();
  });
}

function connect(offloadA: boolean, offloadB: boolean): [End, End] {
  const a = makeEnd({ offload: offloadA }, ['10.9.0.1/24', 'fd00:9::1/64']);
  const b = makeEnd({ offload: offloadB }, ['10.9.0.2/24', 'fd00:9::2/64']);
  carry(a, b);
  carry(b, a);
  return [a, b];
}

const MEGABYTES = 6 * 1024 * 1024;

describe.each([
  ['10.9.0.2', true, true],
  ['fd00:9::2', true, true],
  ['10.9.0.2', true, false],
  ['fd00:9::2', true, false],
  ['10.9.0.2', false, true],
  ['fd00:9::2', false, true],
  ['10.9.0.2', false, false],
])('TCP to %s, offloads at the sender %s, at the receiver %s', (address, offloadA, offloadB) => {
  it('arrives whole', async () => {
    const [a, b] = connect(offloadA, offloadB);
    expect(a.tun.offload).toMatchObject({ vnetHeader: offloadA, tso: offloadA });
    const sink = new Lines(b.namespace.spawn('node', PEER, 'sink', address, '5001'));
    await sink.has('ready');
    const source = new Lines(a.namespace.spawn('node', PEER, 'source', address, '5001', String(MEGABYTES)));
    expect(await sink.has('sha256')).toEqual(await source.has('sha256'));
    expect(b.lostRows).toBe(0);
    expect(a.tun.refused).toBe(0);
    const writes = b.namespace.received(b.tun.name);
    // Super-packets of up to 48 segments; without virtio header one write a packet.
    if (offloadA && offloadB) expect(writes).toBeLessThan(b.writtenRows / 4);
    if (!offloadB) expect(writes).toBeGreaterThanOrEqual(b.writtenRows);
  });
});

describe('UDP', () => {
  it('super-packets are split, and joined again', async () => {
    const [a, b] = connect(true, true);
    const host = new Lines(b.namespace.spawn('node', PEER, 'host', '10.9.0.2', '5002'));
    await host.has('ready');
    const burst = new Lines(a.namespace.spawn('node', PEER, 'burst', '10.9.0.2', '5002', '40', '1000'));
    expect(await burst.has('taken')).toMatchObject({ taken: [40], segmentation: true });
    await eventually(() => expect(host.values.length).toBe(41));
    for (const [row, { payload }] of host.values.slice(1).entries()) {
      expect(Buffer.from(String(payload), 'base64')).toEqual(Buffer.alloc(1000, row));
    }
    expect(b.writtenRows).toBeGreaterThanOrEqual(40);
    if (b.tun.offload.uso) expect(b.namespace.received(b.tun.name)).toBeLessThan(20);
  });
});

describe('a super-packet larger than the batch', () => {
  it('comes in parts, and the watcher is called for each', async () => {
    const end = makeEnd({}, ['10.9.2.1/24']);
    const batch = makeBatch(8, 1 << 16);
    let rows = 0;
    end.tun.watch(() => {
      rows += end.tun.read(batch);
      batch.clear();
    });
    await eventually(() => expect(rows).toBeGreaterThan(0)); // what a new device says by itself
    const before = rows;
    const burst = new Lines(end.namespace.spawn('node', PEER, 'burst', '10.9.2.9', '5002', '40', '1000'));
    await burst.has('taken');
    await eventually(() => expect(rows).toBeGreaterThanOrEqual(before + 40));
  });
});

describe('TAP', () => {
  it('carries Ethernet frames', () => {
    const a = makeEnd({ tap: true }, ['10.9.1.1/24']);
    const b = makeEnd({ tap: true }, ['10.9.1.2/24']);
    expect(a.tun.offload.vnetHeader).toBe(false);
    carry(a, b);
    carry(b, a);
    const ping = new Promise<number | null>((resolve) => {
      a.namespace.spawn('ping', '-c', '3', '-i', '0.05', '-W', '5', '10.9.1.2').on('exit', resolve);
    });
    return expect(ping).resolves.toBe(0);
  });
});

describe('a device', () => {
  it('takes the name it is given, once', () => {
    const tun = new LinuxTun(loadNative(), { name: `rvtn${process.pid}` });
    expect(tun.name).toBe(`rvtn${process.pid}`);
    expect(() => new LinuxTun(loadNative(), { name: tun.name })).toThrow(
      expect.objectContaining({ code: 'EBUSY', syscall: 'ioctl(TUNSETIFF)' }),
    );
    tun.close();
  });

  it('that is down takes nothing, and loses nothing else', () => {
    const tun = new LinuxTun(loadNative(), { name: 'rvt%d' });
    const batch = makeBatch();
    const row = batch.append(20);
    batch.arena.set([0x45, 0, 0, 20], batch.offset[row]);
    batch.verdict[row] = Verdict.DELIVER;
    expect(tun.write(batch)).toBe(0);
    expect(tun.read(batch)).toBe(0);
    tun.close();
  });

  it('that was deleted calls the watcher, whose read throws', async () => {
    const end = makeEnd({}, []);
    const errors: unknown[] = [];
    end.tun.watch(() => {
      try {
        end.tun.read(makeBatch());
      } catch (error) {
        errors.push(error);
      }
    });
    end.namespace.ip('link', 'del', end.tun.name);
    await eventually(() => expect(errors.length).toBeGreaterThan(0));
    expect(errors[0]).toMatchObject({ code: 'EBADFD', syscall: 'read' });
    // Once, not on every turn of the loop.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(errors.length).toBe(1);
  });
});
