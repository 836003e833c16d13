import { afterEach, describe, expect, it } from 'vitest';
import { writeAddressRequest } from '../../../src/proto/wire/address-message.ts';
import {
  COMMAND_CHANNEL,
  COMMAND_INTERIOR_BYTES,
  writeInteriorHeader,
} from '../../../src/proto/wire/interior.ts';
import { writeKeepAlive } from '../../../src/proto/wire/keep-alive.ts';
import { Probe } from '../../../src/proto/wire/probe.ts';

import { type Address, address, hostOf } from '../../sim/net/address.ts';
import type { Datagram } from '../../sim/net/datagram.ts';
import { link } from '../../sim/plans.ts';
import { isHandshake, isUp, Stage } from './stage.ts';

/** 203.0.113.1 (RFC 5737): nobody is there. */
const NOBODY = address(4, 0xcb007101, 9);
const NEXT_HOST = 2 ** 16;
const COMMANDS = 20;

let stage: Stage;

afterEach(() => stage.close());

/** Writes the command at `at`; returns its length. */
type Write = (bytes: Uint8Array, at: number) => number;

interface Form {
  readonly count: number;
  readonly packetNumber: number;
  readonly continued: boolean;
}
const AS_STATED: Form = { count: COMMANDS, packetNumber: 0, continued: false };

/** One datagram of the client, with the same command many times, that never was on the wire. */
function datagramOf(write: Write, form = AS_STATED): Datagram {
  const wire = stage.keepBack(isUp);
  stage.client().run((core) => {
    const { outbox } = core['context'];
    const row = outbox.begin(1_200);
    const { arena, offset } = outbox.batch;
    let end = offset[row];
    for (let i = 0; i < form.count; i++) {
      const length = write(arena, end + COMMAND_INTERIOR_BYTES);
      writeInteriorHeader(arena, end, false, COMMAND_CHANNEL, form.packetNumber, length, form.continued);
      end += COMMAND_INTERIOR_BYTES + length;
    }
    const session = stage.client().client['association'].current;
    if (session === null) throw new Error('the client has no session');
    outbox.finish(row, end - offset[row], session, 1);
  });
  stage.run(50);
  stage.untap();
  const largest = wire.kept.reduce((a, b) => (a.bytes.length > b.bytes.length ? a : b));
  return { ...largest, sealed: null };
}

/** What is sent there from now on. */
function listenAt(host: Address): Datagram[] {
  const heard: Datagram[] = [];
  stage.tap((datagram) => {
    if (datagram.to === host) heard.push(datagram);
    return true;
  });
  return heard;
}

describe('an initiation on the wire', () => {
  it('is answered over the other path, however often an observer repeats it from elsewhere', async () => {
    stage = await Stage.create({ clients: [[link({ delayMs: 10 }), link({ delayMs: 60 })]] });
    let repeated = 0;
    const watched = stage.client().accesses[0]['own'];
    const isWatched = (end: Address) => hostOf(end) === hostOf(watched);
    stage.tap((datagram) => {
      if (!isWatched(datagram.from) && !isWatched(datagram.to)) return true;
      if (isUp(datagram) && isHandshake(datagram))
        for (let i = 0; i < 20; i++)
          stage.inject({ ...datagram, from: NOBODY + (repeated++ % 200) * NEXT_HOST });
      return false;
    });
    stage.client().start();
    expect(stage.until(() => stage.client().address !== 0, 10_000)).toBeLessThan(500);
    expect(repeated).toBeGreaterThanOrEqual(20);
  });

  it('is not answered when only its nonce and its tag are sent', async () => {
    stage = await Stage.create();
    let initiation: Datagram | null = null;
    const heard: Datagram[] = [];
    stage.tap((datagram) => {
      if (isUp(datagram) && isHandshake(datagram)) initiation ??= datagram;
      if (datagram.to === NOBODY) heard.push(datagram);
      return isHandshake(datagram);
    });
    stage.client().start();
    stage.run(100);
    const { bytes } = initiation as unknown as Datagram;
    const stub = new Uint8Array(52);
    stub.set(bytes.subarray(0, 36));
    stub.set(bytes.subarray(bytes.length - 16), 36);
    const before = stage.server.snapshot(0).rejects['handshake-network-key'];
    stage.inject({ ...(initiation as unknown as Datagram), bytes: stub, from: NOBODY });
    stage.run(100);
    expect(heard).toHaveLength(0);
    expect(stage.server.snapshot(0).rejects['handshake-network-key']).toBe(before + 1);
  });
});

describe('probes over a path that is not validated', () => {
  it('are answered where they came from, though the path moves within their batch', async () => {
    stage = await Stage.create({ clients: [[link(), link()]] });
    const watched = hostOf(stage.client().accesses[1]['own']);
    const kept: Datagram[] = [];
    const heard: Datagram[] = [];
    let isKept = false;
    stage.tap((datagram) => {
      if (datagram.to === NOBODY) heard.push(datagram);
      if (isKept && hostOf(datagram.from) === watched && !isHandshake(datagram)) kept.push(datagram);
      return hostOf(datagram.to) !== watched && !(isKept && hostOf(datagram.from) === watched);
    });
    stage.client().start();
    stage.until(() => stage.pathAtServer(1)?.state === 'validating', 5_000);
    isKept = true;
    stage.until(() => kept.length >= 3, 5_000);
    expect(stage.pathAtServer(1)?.state).toBe('validating');
    const [first, second, third] = kept;
    stage.inject(first, second, { ...third, from: NOBODY });
    stage.run(50);
    // A challenge, and the answer to its own probe.
    expect(heard.map(({ bytes }) => bytes.length)).toEqual([55, 62]);
  });
});

describe('a datagram with many commands of one kind', () => {
  const probe = new Probe();
  const commands: [string, number, Write][] = [
    ['address requests', 1, (bytes, at) => writeAddressRequest(bytes, at, { wanted: 0, former: 0 })],
    // An address that is new to the path is challenged beside the answer.
    ['probes', 2, (bytes, at) => probe.write(bytes, at)],
    ['keep-alives', 2, (bytes, at) => writeKeepAlive(bytes, at, 0, 1)],
  ];

  it.each(commands)('draws one answer to %s', async (_kind, answers, write) => {
    stage = await Stage.connected();
    const datagram = datagramOf(write);
    const heard = listenAt(NOBODY);
    stage.inject({ ...datagram, from: NOBODY });
    stage.run(50);
    expect(heard).toHaveLength(answers);
    expect(stage.server.snapshot(0).rejects.command).toBe(COMMANDS - 1);
  });
});

describe('a command', () => {
  const write: Write = (bytes, at) => writeAddressRequest(bytes, at, { wanted: 0, former: 0 });

  it.each([
    ['as stated', { ...AS_STATED, count: 1 }, 1],
    ['with a packet number', { count: 1, packetNumber: 1, continued: false }, 0],
    ['that is continued', { count: 1, packetNumber: 0, continued: true }, 0],
  ])('%s', async (_what, form, answers) => {
    stage = await Stage.connected();
    const datagram = datagramOf(write, form);
    const heard = listenAt(NOBODY);
    stage.inject({ ...datagram, from: NOBODY });
    stage.run(50);
    expect(heard).toHaveLength(answers);
    expect(stage.server.snapshot(0).rejects.command).toBe(1 - answers);
  });
});
