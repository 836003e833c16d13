import { describe, expect, test } from 'vitest';
import { lengthOf, renderLine } from '../../src/cli/screen.ts';
import { sparkline } from '../../src/cli/sparkline.ts';
import { type TopView, topFrame } from '../../src/cli/top-view.ts';
import type { PathSnapshot, PeerSnapshot, Sample, Snapshot } from '../../src/engine/messages.ts';
import { Trends } from '../../src/trends/trends.ts';
import * as usual from '../snapshots.ts';

const path: PathSnapshot = { ...usual.path, firstArrivals: 9_000, savedPackets: 1_204 };
const lte: PathSnapshot = {
  ...path,
  path: 1,
  interfaceName: 'wwan0',
  state: 'down',
  sinceMs: 4_000,
  firstArrivals: 1_000,
  savedPackets: 0,
  budget: { bytes: 50e6, period: 'day', leftBytes: 12.34e6, renewsMs: 0 },
};
const peer: PeerSnapshot = { ...usual.peer, isStatic: false, paths: [path, lte] };
const snapshot: Snapshot = { ...usual.snapshot, peers: [peer], rejects: {}, drops: {} };

/** Twenty seconds in which a wave passes and the second path dies. */
function past(names: readonly string[]): Trends {
  let nowMs = 0;
  const trends = new Trends({ bootMs: () => nowMs, wallMs: () => nowMs });
  for (let second = 0; second < 20; second++) {
    nowMs += 1_000;
    const wave = 1 + Math.sin(second / 3);
    const carried = 125_000 * second;
    const peers = names.map((name, i) => ({
      name,
      address: `10.77.0.${2 + i}`,
      isConnected: true,
      sentBytes: carried * (i + 1),
      receivedBytes: carried,
      duplicatesDropped: 0,
      streamCount: 0,
      paths: [
        { ...path, rttMs: 10 + 20 * wave, sentBytes: carried },
        { ...lte, state: second < 12 ? 'up' : 'down', sentBytes: carried } as const,
      ],
    }));
    const sums = { sentBytes: carried, receivedBytes: carried };
    trends.push({
      atMs: nowMs,
      peerCount: names.length + 1,
      connectedCount: names.length,
      peers,
      ...sums,
    } satisfies Sample);
  }
  return trends;
}

function frame(shown: Snapshot, trends: Trends, view: Partial<TopView> = {}): string {
  const size = { columns: 80, rows: 24, isAscii: false, ...view };
  const lines = topFrame({ snapshot: shown, trends: trends.answer({ peer: view.client }) }, size);
  expect(lines.length).toBeLessThanOrEqual(size.rows);
  return `\n${lines.map((line) => renderLine(line, size.columns, false).trimEnd()).join('\n')}\n`;
}

const stream = {
  channel: 2,
  target: 'nas.home:22',
  state: 'open',
  ageMs: 3_600_000,
  sentBytes: 1_200,
  receivedBytes: 5_600_000,
  waitingBytes: 800,
  stalledMs: 12_000,
  stalledBy: 'no-path',
} as const;

describe('a client', () => {
  const trends = past(['server']);

  test('on a terminal of 80 by 24', () => {
    const streams = [{ ...stream, channel: 4, stalledMs: null, stalledBy: null }, stream];
    expect(frame({ ...snapshot, peers: [{ ...peer, streams }] }, trends)).toMatchInlineSnapshot(`
      "
      resip-vpn client tun0  10.77.0.2  redundant                        up 12 min 6 s
      connected for 1 min 1 s, AES-256-GCM, last heard 12 ms ago
        sent          1.0 Mbit/s                                   ███████████████████
        received      1.0 Mbit/s                                   ███████████████████
      copies saved 1,204 packets, 21,019 came second

      wlan0  up 12 min 5 s  first 90 %, saved 1,204, sent 16.2 MB, received 950 B
        rtt         21.3 ±0.4 ms                                  ▆▇▇█████▇▆▅▄▄▃▃▃▃▄▅▆
        loss       0.1 % / 0.0 %                                  ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂
        sent          1.0 Mbit/s                                   ███████████████████
        received         0 bit/s                                   ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁

      wwan0  down 4 s  first 10 %, 12.3 MB of 50.0 MB/day left, sent 16.2 MB, received
        rtt                    -                                  ████████████xxxxxxxx
        loss               - / -                                  ▂▂▂▂▂▂▂▂▂▂▂▂xxxxxxxx
        sent          1.0 Mbit/s                                   ███████████xxxxxxxx
        received         0 bit/s                                   ▁▁▁▁▁▁▁▁▁▁▁xxxxxxxx

      2 streams, 1 stalled
          nas.home:22, open for 1 h, stalled for 12 s: no link is up, 800 B waiting, s
          nas.home:22, open for 1 h, 800 B waiting, sent 1.2 kB, received 5.6 MB


      q ends                                          a second per character, x = down
      "
    `);
  });

  test('with more paths than there is room for graphs', () => {
    const paths = Array.from({ length: 8 }, (_, i) => ({ ...path, path: i, interfaceName: `wlan${i}` }));
    const many = frame({ ...snapshot, peers: [{ ...peer, paths }] }, trends);
    expect(many).toMatchInlineSnapshot(`
      "
      resip-vpn client tun0  10.77.0.2  redundant                        up 12 min 6 s
      connected for 1 min 1 s, AES-256-GCM, last heard 12 ms ago
        sent          1.0 Mbit/s                                   ███████████████████
        received      1.0 Mbit/s                                   ███████████████████
      copies saved 9,632 packets, 21,019 came second
      wlan0   up           21.3 ms    0.1 %      ▆▇▇█████▇▆▅▄▄▃▃▃▃▄▅▆
      wlan1   up           21.3 ms    0.1 %
      wlan2   up           21.3 ms    0.1 %
      wlan3   up           21.3 ms    0.1 %
      wlan4   up           21.3 ms    0.1 %
      wlan5   up           21.3 ms    0.1 %
      wlan6   up           21.3 ms    0.1 %
      wlan7   up           21.3 ms    0.1 %










      q ends                                          a second per character, x = down
      "
    `);
  });

  test('on terminals of every size', () => {
    for (const columns of [1, 39, 40, 61, 300]) {
      for (const rows of [1, 7, 8, 13, 90]) expect(frame(snapshot, trends, { columns, rows })).toBeTruthy();
    }
    expect(frame(snapshot, trends, { columns: 30 })).toContain('too small');
  });

  test('without session, with packets that wait', () => {
    const session = { established: false, suite: null, ageMs: null, silentMs: 190_000, handshakes: 3 };
    const text = frame({ ...snapshot, peers: [{ ...peer, session, heldPackets: 12, paths: [] }] }, trends);
    expect(text).toContain('no session  last heard 3 min 10 s ago  12 packets wait for a path');
    expect(text).toContain('no paths');
  });

  test('that has just begun has no past', () => {
    const none = new Trends({ bootMs: () => 0, wallMs: () => 0 });
    expect(frame(snapshot, none)).toContain('wlan0  up 12 min 5 s');
  });
});

describe('a server', () => {
  const trends = past(['laptop', 'phone']);
  const server = { ...snapshot, role: 'server', peers: [] } as const;

  test('lists those who do most first', () => {
    expect(frame(server, trends, { rows: 10, marked: 'laptop' })).toMatchInlineSnapshot(`
      "
      resip-vpn server tun0  2 of 3 clients connected                    up 12 min 6 s
        sent          1.0 Mbit/s                                   ███████████████████
        received      1.0 Mbit/s                                   ███████████████████

       client  address          paths      rtt    loss           sent       received
       phone   10.77.0.3        1 of 2  31.0 ms   0.1 %     2.0 Mbit/s     1.0 Mbit/s
       laptop  10.77.0.2        1 of 2  31.0 ms   0.1 %     1.0 Mbit/s     1.0 Mbit/s


      ↑↓ chooses  Enter shows  q ends                 a second per character, x = down
      "
    `);
  });

  test('keeps the marked client in sight', () => {
    const crowd = past(Array.from({ length: 60 }, (_, i) => `client-${i}`));
    expect(frame(server, crowd, { marked: 'client-0' })).toContain(' client-0 ');
    expect(frame(server, crowd, { marked: 'client-59' })).toContain(' client-59 ');
    expect(frame(server, crowd)).toContain('and 43 more');
  });

  test('shows one client, or says that there is none', () => {
    const one = { ...server, peers: [{ ...peer, name: 'phone' }] };
    expect(frame(one, trends, { client: 'phone' })).toContain('phone 10.77.0.2  connected for 1 min 1 s');
    expect(frame(server, trends, { client: 'fridge' })).toContain('knows no client fridge');
  });
});

test('what went wrong stands in the last line', () => {
  const lines = frame(snapshot, past(['server']), { trouble: 'no resip-vpn runs' })
    .trimEnd()
    .split('\n');
  expect(lines.at(-1)).toContain('no resip-vpn runs');
});

describe('a sparkline', () => {
  test('shows the newest at the right, gaps as blanks, and the smallest above nothing', () => {
    expect(sparkline([0, 1, null, 100], 6, { max: 100 })).toBe('  ▁▂ █');
    expect(sparkline([9, 9, 50, 100], 2, { max: 100 })).toBe('▅█');
    expect(sparkline([1, 300], 2, { max: 100, isAscii: true })).toBe('.#');
    expect(sparkline([0, 5], 2, { max: 0 })).toBe('▁▁');
  });
});

test('control sequences neither count nor are cut', () => {
  const line = [['abc', 'bold'], 'def', ['ghi', 'bad']] as const;
  expect(renderLine(line, 4, true)).toBe('\x1b[1mabc\x1b[0md');
  expect(renderLine(line, 99, false)).toBe('abcdefghi');
  expect(lengthOf(line)).toBe(9);
});
