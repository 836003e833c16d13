/** What only real sockets can show. Everything stays on the loopback interface. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UdpOptions } from '../../src/native/addon.ts';
import { loadNative } from '../../src/native/native.ts';
import {
  HEADROOM_BYTES,
  PATH_ADDRESS,
  PATH_ERRNO,
  PATH_FAILED,
  PATH_SENT,
  type PacketBatch,
  TAG_BYTES,
  Verdict,
} from '../../src/proto/packet-batch.ts';
import { LinuxTun } from '../../src/tun/linux-tun.ts';
import { formatAddress, formatLocal, interfaceIndexOf, setLocalAddress } from '../../src/udp/address.ts';
import type { LinuxUdp } from '../../src/udp/linux-udp.ts';
import { eventually } from '../eventually.ts';
import { appendToSeal } from '../native/datagrams.ts';
import { noise, superFrame } from '../native/packets.ts';
import { bytesOf, expectBytes, fill, makeBatch, split } from '../native/rows.ts';
import { PEER } from '../tun/lines.ts';
import { Namespace } from '../tun/namespace.ts';
import { linuxWorld, sealer, setPath, type World } from './ends.ts';

const { EACCES, EMSGSIZE } = constants.errno;

let world: World;
let udp: LinuxUdp;

beforeEach(() => {
  world = linuxWorld();
  udp = world.ends[0].udp as LinuxUdp;
});
afterEach(() => world.close());

/** Two sockets; peer 0, path 0 leads from the first to the second. */
function connect(options: Omit<UdpOptions, 'family'> = {}, address = '127.0.0.1') {
  const family = address.includes(':') ? 6 : 4;
  const from = udp.open({ family, ...options });
  const to = udp.open({ family, ...options });
  return { from, to, path: setPath(world.ends[0], 0, 0, from, address, udp.port(to)) };
}

/** Sealed rows with bodies of these lengths, for path 0 of peer 0. */
function datagrams(lengths: readonly number[]): PacketBatch {
  const batch = makeBatch(1024, 1 << 21);
  for (const [row, length] of lengths.entries()) {
    const spec = { type: 0, sessionId: 1, packetNumber: BigInt(row), body: noise(length, row) };
    batch.pathMask[appendToSeal(batch, spec)] = 1;
  }
  sealer.seal(batch);
  return batch;
}

async function receive(
  socket: number,
  count: number,
  batch = makeBatch(1024, 1 << 21),
): Promise<PacketBatch> {
  await eventually(() => {
    udp.receive(socket, batch);
    expect(batch.count).toBeGreaterThanOrEqual(count);
  });
  return batch;
}

async function arrive(socket: number, lengths: readonly number[]): Promise<void> {
  const batch = await receive(socket, lengths.length);
  expect(batch.count).toBe(lengths.length);
  batch.verdict.fill(Verdict.OPEN, 0, batch.count);
  batch.keySlot.fill(3, 0, batch.count);
  sealer.open(batch);
  for (const [row, length] of lengths.entries()) expectBytes(bytesOf(batch, row), noise(length, row));
}

const runs: [string, number[]][] = [
  ['one datagram', [100]],
  ['equal sizes', new Array(40).fill(1000)],
  ['more than one segmented send holds', new Array(300).fill(50)],
  ['more than 65,507 bytes', new Array(60).fill(1400)],
  ['a short one at the end', [700, 700, 700, 10]],
  ['a short one in the middle', [700, 700, 10, 700, 700]],
  ['growing sizes', [100, 200, 300, 400]],
  ['no body at all', [0, 0, 5]],
];

describe.each([true, false])('offload %s', (offload) => {
  it.each(runs)('%s', async (_, lengths) => {
    const { from, to, path } = connect({ offload });
    expect(udp.info(from)).toMatchObject({ segmentation: offload, gro: offload });
    expect(udp.send(datagrams(lengths))).toBe(lengths.length);
    expect(world.ends[0].paths.words[path + PATH_SENT]).toBe(lengths.length);
    await arrive(to, lengths);
  });

  it('rows that touch, as a split super-packet leaves them', async () => {
    const { to } = connect({ offload });
    const frame = superFrame({ version: 4, transport: 6, payload: noise(20_000) }, 1400);
    const batch = split(frame);
    for (let row = 0; row < batch.count; row++) {
      batch.offset[row] -= HEADROOM_BYTES;
      batch.length[row] += HEADROOM_BYTES;
      batch.packetNumber[row] = row;
      batch.keySlot[row] = 3;
      batch.pathMask[row] = 1;
      batch.verdict[row] = Verdict.SEAL;
    }
    sealer.seal(batch);
    expect(batch.offset[1]).toBe(batch.offset[0] + batch.length[0]);
    expect(udp.send(batch)).toBe(batch.count);
    const received = await receive(to, batch.count);
    sealer.unmask(batch, 0);
    for (let row = 0; row < batch.count; row++) expect(received.length[row]).toBe(batch.length[row]);
  });

  it('a gap of rows that are not sent', async () => {
    const { to } = connect({ offload });
    const batch = datagrams([100, 100, 100, 100]);
    batch.verdict[1] = Verdict.DROP;
    expect(udp.send(batch)).toBe(3);
    const received = await receive(to, 3);
    expect([...received.packetNumber.slice(0, 3)]).toEqual([0, 2, 3]);
  });
});

describe('addresses', () => {
  it('IPv6', async () => {
    const { from, to } = connect({ address: '::1' }, '::1');
    udp.send(datagrams([100]));
    const batch = await receive(to, 1);
    expect(formatAddress(batch.trainAddress)).toBe(`[::1]:${udp.port(from)}`);
    expect(formatLocal(batch.trainAddress)).toBe('::1');
  });

  it('IPv4 comes and goes as IPv4 through a dual-stack socket', async () => {
    const dual = udp.open({ family: 6, dualStack: true });
    const plain = udp.open({ family: 4, address: '127.0.0.1' });
    setPath(world.ends[0], 0, 0, plain, '127.0.0.1', udp.port(dual));
    udp.send(datagrams([100]));
    const asked = await receive(dual, 1);
    expect(formatAddress(asked.trainAddress)).toBe(`127.0.0.1:${udp.port(plain)}`);
    expect(formatLocal(asked.trainAddress)).toBe('127.0.0.1');
    const answer = datagrams([50, 50]);
    answer.train.fill(0);
    answer.trainSocket[0] = dual;
    answer.trainAddress.set(asked.trainAddress);
    expect(udp.send(answer)).toBe(2);
    const batch = await receive(plain, 2);
    expect(formatAddress(batch.trainAddress)).toBe(`127.0.0.1:${udp.port(dual)}`);
  });

  it('IPv6 reaches a dual-stack socket, IPv4 no plain IPv6 one', async () => {
    const dual = udp.open({ family: 6, dualStack: true });
    const six = udp.open({ family: 6 });
    setPath(world.ends[0], 0, 0, six, '::1', udp.port(dual));
    udp.send(datagrams([100]));
    const batch = await receive(dual, 1);
    expect(formatAddress(batch.trainAddress)).toBe(`[::1]:${udp.port(six)}`);
    expect(() => udp.open({ family: 4, port: udp.port(six) })).not.toThrow();
  });

  it('datagrams leave from the local address of the words', async () => {
    const { to, path } = connect();
    setLocalAddress(world.ends[0].paths.words, path + PATH_ADDRESS, '127.0.0.5');
    udp.send(datagrams([100, 100]));
    const batch = await receive(to, 2);
    expect(formatAddress(batch.trainAddress)).toMatch(/^127\.0\.0\.5:/);
    expect(interfaceIndexOf(batch.trainAddress)).toBe(1);
  });

  it.each([[100], [100, 100, 40]])(
    'a local address that is gone is given up, and forgotten (%j)',
    async (...lengths) => {
      const { to, path } = connect();
      const words = world.ends[0].paths.words;
      setLocalAddress(words, path + PATH_ADDRESS, '192.0.2.77', 4000);
      expect(udp.send(datagrams(lengths))).toBe(lengths.length);
      expect([words[path + PATH_FAILED], words[path + PATH_ERRNO]]).toEqual([0, 0]);
      expect(formatLocal(words, path + PATH_ADDRESS)).toBe('0.0.0.0');
      expect(interfaceIndexOf(words, path + PATH_ADDRESS)).toBe(0);
      await arrive(to, lengths);
      // Segmentation was not to blame.
      expect(udp.send(datagrams([100, 100]))).toBe(2);
    },
  );
});

describe('a path that does not take datagrams', () => {
  it('says EMSGSIZE for the one that is too large, and sends the others', async () => {
    const { to, path } = connect();
    expect(udp.send(datagrams([100, 100, 65_600, 100]))).toBe(3);
    const words = world.ends[0].paths.words;
    expect([words[path + PATH_SENT], words[path + PATH_FAILED]]).toEqual([3, 1]);
    expect(words[path + PATH_ERRNO]).toBe(EMSGSIZE);
    await receive(to, 3);
  });

  it('says why the kernel refused (EACCES: a broadcast address)', () => {
    const socket = udp.open({ family: 4, interfaceName: 'lo' });
    const path = setPath(world.ends[0], 0, 0, socket, '255.255.255.255', 9);
    expect(udp.send(datagrams([100, 100]))).toBe(0);
    expect(world.ends[0].paths.words[path + PATH_ERRNO]).toBe(EACCES);
    expect(world.ends[0].paths.words[path + PATH_FAILED]).toBe(2);
  });

  it('does not stop reception when nobody listens there', async () => {
    const { from, to } = connect();
    udp.close(to);
    expect(udp.send(datagrams([100]))).toBe(1);
    const calls = makeBatch();
    udp.watch(from, () => udp.receive(from, calls));
    const third = udp.open({ family: 4 });
    setPath(world.ends[0], 0, 0, third, '127.0.0.1', udp.port(from));
    udp.send(datagrams([100]));
    await eventually(() => expect(calls.count).toBe(1));
    expect(loadNative().addon.udpError(from)).toBe(0);
  });
});

describe('options', () => {
  it('an interface that does not exist is named', () => {
    expect(() => udp.open({ family: 4, interfaceName: 'rvt-none' })).toThrow(
      expect.objectContaining({
        code: 'ENODEV',
        syscall: 'setsockopt(SO_BINDTODEVICE)',
        errno: constants.errno.ENODEV,
        message: expect.stringContaining('rvt-none'),
      }),
    );
  });

  it('an address that is not here is named', () => {
    expect(() => udp.open({ family: 4, address: '192.0.2.1', port: 4600 })).toThrow(
      /EADDRNOTAVAIL: .*bind 192\.0\.2\.1 port 4600/,
    );
  });

  it('mark, buffers and interface are accepted', async () => {
    const { to } = connect({ mark: 0x7e51, bufferBytes: 1 << 16, interfaceName: 'lo' });
    udp.send(datagrams([100]));
    await arrive(to, [100]);
  });
});

describe('a batch that is full', () => {
  it('takes no more trains than it has', async () => {
    const to = udp.open({ family: 4 });
    const senders = Array.from({ length: 12 }, () => udp.open({ family: 4 }));
    for (const sender of senders) {
      setPath(world.ends[0], 0, 0, sender, '127.0.0.1', udp.port(to));
      udp.send(datagrams([100]));
    }
    const counts: number[] = [];
    await eventually(() => {
      const batch = makeBatch(1024, 1 << 21, 5);
      udp.receive(to, batch);
      expect(batch.trainCount).toBeLessThanOrEqual(5);
      counts.push(batch.count);
      expect(counts.reduce((sum, count) => sum + count)).toBe(12);
    });
    expect(counts.length).toBeGreaterThanOrEqual(3);
  });

  it('too small for any message is refused', () => {
    const { to } = connect();
    expect(() => udp.receive(to, makeBatch(64, 1 << 20))).toThrow(RangeError);
    expect(() => udp.receive(to, makeBatch(512, 4096))).toThrow(RangeError);
    const full = makeBatch(512, 1 << 17);
    fill(full, [{ bytes: noise(1 << 16), flags: 0 }]);
    expect(udp.receive(to, full)).toBe(0);
  });

  it('a datagram beyond a jumbo frame is cut and dropped where GRO is off', async () => {
    const { to } = connect({ offload: false });
    udp.send(datagrams([9300 - TAG_BYTES]));
    const batch = await receive(to, 1);
    expect(batch.verdict[0]).toBe(Verdict.DROP);
  });
});

describe('a device that cannot segment', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'resip-fault-'));
    const source = new URL('./fault/no-segmentation.c', import.meta.url).pathname;
    execFileSync('cc', ['-shared', '-fPIC', '-o', join(folder, 'fault.so'), source, '-ldl']);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(command: string, args: string[], code: 'EIO' | 'EINVAL') {
    const env = {
      ...process.env,
      LD_PRELOAD: join(folder, 'fault.so'),
      FAULT_ERRNO: String(constants.errno[code]),
    };
    return spawnSync(command, args, { env, encoding: 'utf8' });
  }

  it('is not to blame for datagrams that are too large (EINVAL on older kernels)', () => {
    const tun = new LinuxTun(loadNative(), { name: 'rvt%d' });
    const namespace = new Namespace();
    try {
      namespace.adopt(tun.name, ['10.9.3.1/24'], 1400);
      const burst = run(
        'ip',
        ['netns', 'exec', namespace.name, 'node', PEER, 'burst', '10.9.3.2', '9', '10', '1500', '2', '100'],
        'EINVAL',
      );
      expect(JSON.parse(burst.stdout)).toMatchObject({
        taken: [1, 1],
        sentBytes: 200,
        failed: 18,
        errno: EMSGSIZE,
      });
      expect(burst.stderr).toContain('refused 2\n');
    } finally {
      tun.close();
      namespace.close();
    }
  });

  it.each(['EIO', 'EINVAL'] as const)('is asked once (%s); everything goes out plain', async (code) => {
    const to = udp.open({ family: 4, address: '127.0.0.1' });
    const args = [PEER, 'burst', '127.0.0.1', String(udp.port(to)), '30', '1000', '2'];
    const burst = run('node', args, code);
    expect(JSON.parse(burst.stdout)).toMatchObject({
      taken: [30, 30],
      sent: 60,
      sentBytes: 60_000,
      failed: 0,
      errno: 0,
    });
    expect(burst.stderr).toContain('refused 1\n');
    const batch = await receive(to, 60);
    expect(batch.count).toBe(60);
  });
});
