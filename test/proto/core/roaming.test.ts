import { afterEach, describe, expect, it } from 'vitest';
import { HEADROOM_BYTES, TAG_BYTES } from '../../../src/proto/packet-batch.ts';
import type { InnerPacket } from '../../sim/ledger.ts';
import { address } from '../../sim/net/address.ts';
import { CARRIER_NAT, HOME_NAT, link } from '../../sim/plans.ts';
import { isUp, Stage } from './stage.ts';

const RTT_MS = 100;
const EVERY_MS = 10;
/** Datagram header and tag, interior header, probe. */
const CHALLENGE_BYTES = 28 + 5 + 22;
const INNER_BYTES = 1_000;
const DATA_BYTES = INNER_BYTES + HEADROOM_BYTES + TAG_BYTES;
/** 203.0.113.1 (RFC 5737): nobody is there. */
const NOBODY = address(4, 0xcb007101, 9);

let stage: Stage;

afterEach(() => stage.close());

const far = (nat = HOME_NAT, rttMs = RTT_MS) => link({ delayMs: rttMs / 2 }, { nat });

/** Talks both ways for that long; the longest time without a packet that comes down. */
function talk(ms: number): number {
  let lastMs = stage.nowMs;
  let longestMs = 0;
  const waiting: InnerPacket[] = [];
  for (const endMs = stage.nowMs + ms; stage.nowMs < endMs; stage.run(EVERY_MS)) {
    stage.up();
    waiting.push(stage.down());
    for (let i = waiting.length - 1; i >= 0; i--) {
      const { deliveredMs } = waiting[i];
      if (deliveredMs < 0) continue;
      longestMs = Math.max(longestMs, deliveredMs - lastMs);
      lastMs = deliveredMs;
      waiting.splice(i, 1);
    }
  }
  return Math.max(longestMs, stage.nowMs - lastMs);
}

describe('a NAT that forgets in mid-flow', () => {
  it.each([
    ['at home', HOME_NAT],
    ['of a carrier', CARRIER_NAT],
  ])('%s costs a round trip', async (_where, nat) => {
    stage = await Stage.connected({ clients: [[far(nat)]] });
    expect(talk(1_000)).toBeLessThan(RTT_MS);
    stage.client().accesses[0].nat?.forget();
    // To the server and back: the challenge. What came down before it is gone or late.
    expect(talk(2_000)).toBeLessThan(2 * RTT_MS + 5 * EVERY_MS);
  });

  // Longer than the pause between two challenges, and a satellite's.
  it.each([130, 600])('costs a round trip of %i ms, too', async (rttMs) => {
    stage = await Stage.connected({ clients: [[far(HOME_NAT, rttMs)]] });
    stage.run(5 * rttMs);
    talk(3_000);
    stage.client().accesses[0].nat?.forget();
    expect(talk(6_000)).toBeLessThan(2 * rttMs + 5 * EVERY_MS);
  });

  it.each([1_000, 1_150])('costs a round trip when all forget at once, after %i ms', async (afterMs) => {
    stage = await Stage.connected({ clients: [[far(), far(CARRIER_NAT), far()]] });
    talk(afterMs);
    for (const { nat } of stage.client().accesses) nat?.forget();
    expect(talk(2_000)).toBeLessThan(2 * RTT_MS + 5 * EVERY_MS);
    expect(stage.seenByServer()?.paths.map(({ state }) => state)).toEqual(['up', 'up', 'up']);
  });

  it('costs no packet: what went to the old address goes out again', async () => {
    stage = await Stage.connected({ clients: [[far()]] });
    talk(1_000);
    const packets = [];
    for (let i = 0; i < 100; i++) {
      if (i === 20) stage.client().accesses[0].nat?.forget();
      packets.push(stage.up(), stage.down());
      stage.run(EVERY_MS);
    }
    stage.run(1_000);
    expect(packets.filter(({ deliveredMs }) => deliveredMs < 0)).toHaveLength(0);
  });
});

describe('somebody on the wire who sends data on from his own address', () => {
  it('gets a challenge each 100 ms and nothing else', async () => {
    stage = await Stage.connected({ clients: [[link()]] });
    const heard: number[] = [];
    stage.tap((datagram) => {
      if (datagram.to === NOBODY) heard.push(datagram.bytes.length);
      const isData = isUp(datagram) && datagram.bytes.length === DATA_BYTES;
      if (isData) stage.inject({ ...datagram, from: NOBODY });
      return !isData;
    });
    for (let i = 0; i < 50; i++) {
      stage.up(undefined, INNER_BYTES);
      stage.down(undefined, 1_000);
      stage.run(10);
    }
    expect(heard.length).toBeGreaterThanOrEqual(4);
    expect(heard.length).toBeLessThanOrEqual(6);
    expect(new Set(heard)).toEqual(new Set([CHALLENGE_BYTES]));
  });
});

describe('a server that is found at another address', () => {
  it('is found by every path, also by one that was up until it left', async () => {
    stage = await Stage.connected({ clients: [[far(), far()]] });
    const host = stage.client();
    const association = host.client['association'];
    // 203.0.113.1 (RFC 5737): there it was.
    const former = address(4, 0xcb007101, 4600);
    Object.assign(host['options'], { servers: [...host['options'].servers, former] });
    const paths = () => stage.seenByClient().paths.map(({ remote, state }) => ({ remote, state }));
    const before = paths();
    expect(before.map(({ state }) => state)).toEqual(['up', 'up']);
    host.run(() => {
      const { row } = association.paths[1] as NonNullable<(typeof association.paths)[1]>;
      row.words[row.addressAt + 1] = 0xcb007101 | 0;
      const { current } = association;
      if (current !== null) host.client.handleClose(current, 0, host.clock.nowMs);
    });
    expect(stage.until(() => paths().every(({ state }) => state === 'up'), 2_000)).toBeLessThan(1_000);
    stage.run(5_000);
    expect(paths()).toEqual(before);
  });
});
