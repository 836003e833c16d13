/** Every argument that the addon refuses: misuse is an exception and never a memory access. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadNative } from '../../src/native/native.ts';
import { ADDRESS_WORDS, type PacketBatch, PathTable, Verdict } from '../../src/proto/packet-batch.ts';
import { noise } from './packets.ts';
import { makeBatch } from './rows.ts';

const { addon, batches } = loadNative();

const batch = makeBatch(16, 4096, 4);
const handle = batches.handle(batch);
const tun = addon.tunOpen({ name: 'rvt%d' }).handle;
const udp = addon.udpOpen({ family: 4 }).handle;
const paths = new PathTable(2);
const table = addon.registerPathTable(paths.words);
const mask = addon.maskCreate(noise(32));
const log = addon.packetLogOpen(4_600);
const raw = addon.rawOpen(4);
const keys = addon.keyTableCreate(4);
const closed = addon.maskCreate(noise(32));
addon.maskDestroy(closed);

afterAll(() => {
  addon.tunClose(tun);
  addon.udpClose(udp);
  addon.packetLogClose(log);
  addon.rawClose(raw);
  addon.releasePathTable(table);
  addon.maskDestroy(mask);
  addon.keyTableDestroy(keys);
});

// biome-ignore lint/suspicious/noExplicitAny: what a caller without types can pass
type Any = any;
const key = noise(32);
const iv = noise(12);

function install(slot: Any, suite: Any, ...secrets: Any[]): void {
  const [sealKey, sealIv, openKey, openIv] = [...secrets, ...[key, iv, key, iv].slice(secrets.length)];
  addon.keyInstall(keys, slot, suite, sealKey, sealIv, openKey, openIv);
}

function register(change: Partial<Record<keyof PacketBatch, Any>>): void {
  const { arena, columns, capacity, trainSocket, trainAddress, trains } = { ...pick(batch), ...change };
  addon.registerBatch(arena, columns, capacity, trainSocket, trainAddress, trains);
}

function pick({ arena, columns, capacity, trainSocket, trainAddress, trains }: PacketBatch) {
  return { arena, columns, capacity, trainSocket, trainAddress, trains };
}

/** Wrong handles in every place that takes one: closed, never given, of another kind, no number. */
const handles: [string, (wrong: Any) => void, number?][] = [
  ['releaseBatch', (wrong) => addon.releaseBatch(wrong)],
  ['releasePathTable', (wrong) => addon.releasePathTable(wrong)],
  ['tunRead tun', (wrong) => addon.tunRead(wrong, handle, 0, 0)],
  ['tunRead batch', (wrong) => addon.tunRead(tun, wrong, 0, 0)],
  ['tunWrite tun', (wrong) => addon.tunWrite(wrong, handle, 0)],
  ['tunWrite batch', (wrong) => addon.tunWrite(tun, wrong, 0)],
  ['tunRefused', (wrong) => addon.tunRefused(wrong)],
  ['tunClose', (wrong) => addon.tunClose(wrong)],
  ['udpReceive socket', (wrong) => addon.udpReceive(wrong, handle, mask, 0, 0, 0)],
  ['udpReceive batch', (wrong) => addon.udpReceive(udp, wrong, mask, 0, 0, 0)],
  ['udpReceive mask', (wrong) => addon.udpReceive(udp, handle, wrong, 0, 0, 0)],
  ['udpSend batch', (wrong) => addon.udpSend(wrong, table, 0)],
  ['udpSend table', (wrong) => addon.udpSend(handle, wrong, 0)],
  ['udpError', (wrong) => addon.udpError(wrong)],
  ['udpClose', (wrong) => addon.udpClose(wrong)],
  ['packetLogRead', (wrong) => addon.packetLogRead(wrong, new Uint8Array(128))],
  ['packetLogClose', (wrong) => addon.packetLogClose(wrong)],
  ['rawSend', (wrong) => addon.rawSend(wrong, new Uint8Array(20), 0)],
  ['rawClose', (wrong) => addon.rawClose(wrong), log],
  ['watch of what is never readable', (wrong) => addon.watch(wrong, () => {}), raw],
  ['unmask mask', (wrong) => addon.unmask(wrong, handle, 0, 0)],
  ['unmask batch', (wrong) => addon.unmask(mask, wrong, 0, 0)],
  ['keyTableDestroy', (wrong) => addon.keyTableDestroy(wrong), mask],
  ['keyInstall', (wrong) => addon.keyInstall(wrong, 0, 1, key, iv, key, iv), mask],
  ['keyRemove', (wrong) => addon.keyRemove(wrong, 0), mask],
  ['seal table', (wrong) => addon.seal(wrong, mask, handle, 0), mask],
  ['seal mask', (wrong) => addon.seal(keys, wrong, handle, 0)],
  ['seal batch', (wrong) => addon.seal(keys, mask, wrong, 0)],
  ['open table', (wrong) => addon.open(wrong, handle, 0), mask],
  ['open batch', (wrong) => addon.open(keys, wrong, 0)],
  ['watch', (wrong) => addon.watch(wrong, () => {})],
  ['unwatch', (wrong) => addon.unwatch(wrong)],
  ['gsoSplit', (wrong) => addon.gsoSplit(new Uint8Array(0), wrong, 0, 0)],
  ['gsoJoin', (wrong) => addon.gsoJoin(wrong, 0, new Uint8Array(0))],
];

describe('descriptors', () => {
  it.each([
    ['no family', {}],
    ['a family that there is not', { family: 5 }],
    ['a mark beyond 32 bits', { family: 4, mark: 2 ** 32 }],
    ['an interface name that is too long', { family: 4, interfaceName: 'x'.repeat(16) }],
  ])('are not given for %s', (_, options) => {
    expect(() => addon.udpDescriptor(options as never)).toThrow(/family|mark|interfaceName/);
  });

  it('are not given for an interface that does not exist', () => {
    expect(() => addon.udpDescriptor({ family: 4, interfaceName: 'no-such0' })).toThrow('ENODEV');
  });

  it.each([{}, { family: 5 }, { family: '4' }, undefined])(
    'of transparent sockets are not given for %j',
    (options) => {
      expect(() => addon.transparentDescriptor(options as never)).toThrow(/family|options/);
    },
  );
});

describe('packets of others', () => {
  it.each([-1, 65_536, 0.5])('group %d is none', (group) => {
    expect(() => addon.packetLogOpen(group)).toThrow(/group/);
  });

  it('a group that somebody has is not shared', () => {
    expect(() => addon.packetLogOpen(4_600)).toThrow(/EBUSY|EPERM/);
  });

  it('there are none, and no room for them is none', () => {
    expect(addon.packetLogRead(log, new Uint8Array(128))).toBe(0);
    expect(addon.packetLogRead(log, new Uint8Array(0))).toBe(0);
    expect(() => addon.packetLogRead(log, 'x' as never)).toThrow(TypeError);
  });

  it.each([3, 5, 7, '4', undefined])('no raw socket for family %s', (family) => {
    expect(() => addon.rawOpen(family as never)).toThrow(/family/);
  });

  it('without an IP header of the family are not sent', () => {
    for (const packet of [new Uint8Array(0), new Uint8Array(19).fill(0x45), new Uint8Array(20).fill(0x60)])
      expect(() => addon.rawSend(raw, packet, 0)).toThrow(RangeError);
    for (const mark of [-1, 2 ** 32])
      expect(() => addon.rawSend(raw, new Uint8Array(20).fill(0x45), mark)).toThrow();
  });
});

describe('handles', () => {
  it.each(handles)('%s', (_, call, wrongKind = keys) => {
    for (const wrong of [closed, 0, 5, wrongKind, undefined, null, '1', {}, Number.NaN, 1.5]) {
      expect(() => call(wrong), String(wrong)).toThrow(TypeError);
    }
    for (const wrong of [-1, 2 ** 31, Number.POSITIVE_INFINITY]) {
      expect(() => call(wrong), String(wrong)).toThrow(RangeError);
    }
  });

  it('of a closed resource never name its successor', () => {
    const first = addon.maskCreate(key);
    addon.maskDestroy(first);
    const second = addon.maskCreate(key);
    expect(second).not.toBe(first);
    expect(() => addon.maskDestroy(first)).toThrow(TypeError);
    addon.maskDestroy(second);
  });
});

const counts: [string, (count: Any) => void][] = [
  ['tunRead', (count) => addon.tunRead(tun, handle, count, 0)],
  ['tunWrite', (count) => addon.tunWrite(tun, handle, count)],
  ['udpReceive', (count) => addon.udpReceive(udp, handle, mask, count, 0, 0)],
  ['udpSend', (count) => addon.udpSend(handle, table, count)],
  ['unmask from', (count) => addon.unmask(mask, handle, count, 0)],
  ['unmask count', (count) => addon.unmask(mask, handle, 0, count)],
  ['seal', (count) => addon.seal(keys, mask, handle, count)],
  ['open', (count) => addon.open(keys, handle, count)],
  ['gsoSplit', (count) => addon.gsoSplit(new Uint8Array(0), handle, count, 0)],
  ['gsoJoin', (count) => addon.gsoJoin(handle, count, new Uint8Array(0))],
];

describe('counts', () => {
  it.each(counts)('%s', (_, call) => {
    for (const wrong of [17, -1, 2 ** 40]) expect(() => call(wrong), String(wrong)).toThrow(RangeError);
    for (const wrong of [undefined, '1', 0.5]) expect(() => call(wrong), String(wrong)).toThrow(TypeError);
  });

  it('arena ends and trains', () => {
    for (const wrong of [4097, -1]) {
      expect(() => addon.tunRead(tun, handle, 0, wrong)).toThrow(RangeError);
      expect(() => addon.udpReceive(udp, handle, mask, 0, wrong, 0)).toThrow(RangeError);
      expect(() => addon.gsoSplit(new Uint8Array(0), handle, 0, wrong)).toThrow(RangeError);
    }
    for (const wrong of [5, -1])
      expect(() => addon.udpReceive(udp, handle, mask, 0, 0, wrong)).toThrow(RangeError);
  });
});

/** Offset and length of one row, arena of 4,096 bytes. */
const outside: [number, number][] = [
  [-1, 100],
  [0, -1],
  [4000, 97],
  [4097, 0],
  [2 ** 31 - 1, 2 ** 31 - 1],
  [-(2 ** 31), 100],
];

describe('rows outside the arena', () => {
  beforeEach(() => batch.clear());

  function withRow(verdict: number, offset: number, length: number): void {
    batch.offset[0] = offset;
    batch.length[0] = length;
    batch.verdict[0] = verdict;
    batch.keySlot[0] = -1;
    batch.train[0] = -1;
    batch.peer[0] = 0;
    batch.packetNumber[0] = 0;
  }

  it.each(outside)('offset %i, length %i', (offset, length) => {
    const stages: [number, () => void][] = [
      [Verdict.DELIVER, () => addon.tunWrite(tun, handle, 1)],
      [Verdict.DELIVER, () => addon.gsoJoin(handle, 1, new Uint8Array(8192))],
      [Verdict.SEND, () => addon.udpSend(handle, table, 1)],
      [Verdict.SEAL, () => addon.seal(keys, mask, handle, 1)],
      [Verdict.OPEN, () => addon.open(keys, handle, 1)],
      [Verdict.RECEIVED, () => addon.unmask(mask, handle, 0, 1)],
    ];
    for (const [verdict, stage] of stages) {
      withRow(verdict, offset, length);
      expect(stage).toThrow(RangeError);
      // Rows of another stage are nobody's business.
      withRow(Verdict.DROP, offset, length);
      expect(stage).not.toThrow();
    }
  });

  it('no room for the tag, or no header, cannot be sealed', () => {
    addon.keyInstall(keys, 1, 1, key, iv, key, iv);
    for (const [offset, length] of [
      [4096 - 100, 85],
      [0, 11],
    ]) {
      withRow(Verdict.SEAL, offset, length);
      batch.keySlot[0] = 1;
      expect(() => addon.seal(keys, mask, handle, 1)).toThrow(RangeError);
      expect(batch.verdict[0]).toBe(Verdict.SEAL);
    }
    withRow(Verdict.SEAL, 4096 - 100, 84);
    batch.keySlot[0] = 1;
    addon.seal(keys, mask, handle, 1);
    expect(batch.verdict[0]).toBe(Verdict.SEND);
    withRow(Verdict.SEAL, 0, 27);
    expect(() => addon.seal(keys, mask, handle, 1)).toThrow(RangeError);
  });

  it('a packet number that is no nonce is never sealed', () => {
    addon.keyInstall(keys, 1, 1, key, iv, key, iv);
    for (const number of [2 ** 53, -1, -0.5, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      withRow(Verdict.SEAL, 0, 100);
      batch.keySlot[0] = 1;
      batch.packetNumber[0] = number;
      expect(() => addon.seal(keys, mask, handle, 1), String(number)).toThrow(RangeError);
    }
  });

  it('a slot without key is never sealed with', () => {
    addon.keyRemove(keys, 2);
    for (const slot of [2, 4, -2, 2 ** 31 - 1]) {
      withRow(Verdict.SEAL, 0, 100);
      batch.keySlot[0] = slot;
      expect(() => addon.seal(keys, mask, handle, 1), String(slot)).toThrow(/no key in slot/);
    }
  });

  it('peers and trains that do not exist cannot be sent to', () => {
    for (const peer of [2, -1, 2 ** 31 - 1]) {
      withRow(Verdict.SEND, 0, 100);
      batch.peer[0] = peer;
      expect(() => addon.udpSend(handle, table, 1), String(peer)).toThrow(RangeError);
    }
    for (const train of [4, 2 ** 31 - 1]) {
      withRow(Verdict.SEND, 0, 100);
      batch.train[0] = train;
      expect(() => addon.udpSend(handle, table, 1), String(train)).toThrow(RangeError);
    }
  });

  it('finishes the rows before the one that is wrong', () => {
    addon.keyInstall(keys, 1, 1, key, iv, key, iv);
    withRow(Verdict.SEAL, 0, 100);
    batch.keySlot[0] = 1;
    batch.offset[1] = 9999;
    batch.verdict[1] = Verdict.SEAL;
    expect(() => addon.seal(keys, mask, handle, 2)).toThrow(/row 1/);
    expect([...batch.verdict.slice(0, 2)]).toEqual([Verdict.SEND, Verdict.SEAL]);
  });
});

describe('buffers', () => {
  it('of a batch have to fit each other', () => {
    const wrong: [Partial<Record<keyof PacketBatch, Any>>, ErrorConstructor][] = [
      [{ arena: new Uint8Array(0) }, RangeError],
      [{ arena: new ArrayBuffer(10) }, TypeError],
      [{ arena: new Int8Array(10) }, TypeError],
      [{ arena: null }, TypeError],
      [{ columns: new ArrayBuffer(16 * 36 - 1) }, RangeError],
      [{ columns: new Uint8Array(16 * 36) }, TypeError],
      [{ capacity: 24 }, RangeError],
      [{ capacity: 12 }, RangeError],
      [{ capacity: 0 }, RangeError],
      [{ capacity: 2 ** 20 + 8 }, RangeError],
      [{ capacity: '16' }, TypeError],
      [{ trainSocket: new Int32Array(3) }, RangeError],
      [{ trainSocket: new Uint32Array(4) }, TypeError],
      [{ trainAddress: new Int32Array(4 * ADDRESS_WORDS + 1) }, RangeError],
      [{ trains: 0 }, RangeError],
      [{ trains: 5 }, RangeError],
    ];
    for (const [change, error] of wrong)
      expect(() => register(change), JSON.stringify(change)).toThrow(error);
  });

  it('of a path table hold whole peers', () => {
    for (const words of [new Int32Array(0), new Int32Array(127)]) {
      expect(() => addon.registerPathTable(words)).toThrow(RangeError);
    }
    expect(() => addon.registerPathTable(new Uint8Array(128) as Any)).toThrow(TypeError);
  });

  it('of keys have their length', () => {
    for (const wrong of [noise(31), noise(33), new Uint8Array(0)]) {
      expect(() => addon.maskCreate(wrong)).toThrow(RangeError);
      expect(() => install(0, 1, wrong)).toThrow(RangeError);
      expect(() => install(0, 1, key, iv, wrong)).toThrow(RangeError);
    }
    for (const wrong of [noise(11), noise(13)]) {
      expect(() => install(0, 1, key, wrong)).toThrow(RangeError);
      expect(() => install(0, 1, key, iv, key, wrong)).toThrow(RangeError);
    }
    for (const wrong of [undefined, 'key', new Uint32Array(8)]) {
      expect(() => addon.maskCreate(wrong as Any)).toThrow(TypeError);
      expect(() => install(0, 1, key, iv, wrong)).toThrow(TypeError);
    }
  });

  it('a slot or suite that does not exist cannot be installed, a slot not removed', () => {
    for (const slot of [4, -1]) {
      expect(() => install(slot, 1)).toThrow(RangeError);
      expect(() => addon.keyRemove(keys, slot)).toThrow(RangeError);
    }
    for (const suite of [0, 3]) expect(() => install(0, suite)).toThrow(RangeError);
    for (const slots of [0, 2 ** 20 + 1]) expect(() => addon.keyTableCreate(slots)).toThrow(RangeError);
    expect(() => addon.keyTableCreate(1, 'yes' as Any)).toThrow(TypeError);
    expect(() => addon.gsoSplit([] as Any, handle, 0, 0)).toThrow(TypeError);
    expect(() => addon.gsoJoin(handle, 0, null as Any)).toThrow(TypeError);
  });
});

describe('options', () => {
  const tunOptions: Any[] = [
    ...[undefined, null, 'tun0', {}, { name: '' }, { name: 7 }, { name: 'sixteen-letters-' }],
    ...[{ name: 'a\0b' }, { name: 'rvt%d', tap: 1 }, { name: 'rvt%d', offload: 'no' }],
  ];
  it.each(tunOptions.map((options) => [options]))('tunOpen %j', (options) => {
    expect(() => addon.tunOpen(options)).toThrow(TypeError);
  });

  const udpOptions: Any[] = [
    ...[undefined, {}, { family: 5 }, { family: '4' }, { family: 4, address: '::1' }],
    ...[
      { family: 6, address: '127.0.0.1' },
      { family: 4, address: 'localhost' },
      { family: 4, port: 65536 },
    ],
    ...[
      { family: 4, port: -1 },
      { family: 4, port: 1.5 },
      { family: 6, dualStack: 1 },
    ],
    ...[
      { family: 4, interfaceName: 'sixteen-letters-' },
      { family: 4, mark: 2 ** 32 },
      { family: 4, mark: -1 },
    ],
    ...[
      { family: 4, bufferBytes: 0 },
      { family: 4, offload: 0 },
    ],
  ];
  it.each(udpOptions.map((options) => [options]))('udpOpen %j', (options) => {
    expect(() => addon.udpOpen(options)).toThrow(TypeError);
  });

  it('a getter that throws is heard', () => {
    const options = {
      get name(): string {
        throw new Error('mine');
      },
    };
    expect(() => addon.tunOpen(options)).toThrow('mine');
  });

  it('watch wants a function, and is alone', () => {
    expect(() => addon.watch(udp, null as Any)).toThrow(TypeError);
    addon.watch(udp, () => {});
    expect(() => addon.watch(udp, () => {})).toThrow(/already/);
    addon.unwatch(udp);
    addon.unwatch(udp);
  });
});
