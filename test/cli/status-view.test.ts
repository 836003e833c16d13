import { describe, expect, test } from 'vitest';
import { formatStatus } from '../../src/cli/status-view.ts';
import type { Snapshot } from '../../src/engine/messages.ts';
import { formatBytes, formatSpan, shortenKey } from '../../src/format.ts';
import { path, peer, snapshot } from '../snapshots.ts';

test('a client with one link up and one down', () => {
  expect(formatStatus(snapshot)).toMatchInlineSnapshot(`
    "client on tun0, up 12 min 6 s, policy redundant, MTU 1400, key DuH6fZF0…

    server  gave this machine 10.77.0.2 (static)  key vXg0HdUH…
      session AES-256-GCM since 1 min 1 s, last heard 12 ms ago, 1 handshake
      sent 12,000 packets (15.0 MB), received 22,202 (31.0 GB), 21,019 duplicates dropped

      path   state                   rtt    loss out/in     sent  received   first  duplicates
      wlan0  up 12 min 5 s  21.3 ±0.4 ms  0.1 % / 0.0 %  16.2 MB     950 B  20,998       1,204
      wwan0  down 4 s                  -          - / -  16.2 MB     950 B   1,204       1,204

      20,998 packets came first over wlan0, 1,204 over wwan0
      1,204 packets arrived only because of wwan0

    rejected datagrams: 12 forged
    "
  `);
});

test('a client whose server has never answered says so, and where to look', () => {
  const session = { established: false, suite: null, ageMs: null, silentMs: null, handshakes: 0 };
  const silent = { ...peer, address: null, isStatic: false, session, paths: [] };
  const text = formatStatus({ ...snapshot, mtuBytes: 0, peers: [silent] });
  expect(text).toContain('server  has not answered yet (resip-vpn doctor tells why)');
  expect(text).not.toContain('MTU');
});

test('an interface without a path is told with the reason; one of a pattern only when nothing else carries', () => {
  const eth0 = {
    interfaceName: 'eth0',
    problem: 'no-carrier',
    what: 'the interface eth0 is on, but has no carrier',
    why: 'the cable is not connected',
    fix: 'connect it',
    isNamed: true,
  };
  const docker0 = { ...eth0, interfaceName: 'docker0', what: 'docker0 has no address', isNamed: false };
  const text = formatStatus({ ...snapshot, unusable: [eth0, docker0] });
  expect(text).toContain(
    '\n\n  the interface eth0 is on, but has no carrier\n    cause: the cable is not connected\n    fix: connect it\n',
  );
  expect(text).not.toContain('docker0');
  const alone = formatStatus({ ...snapshot, peers: [{ ...peer, paths: [] }], unusable: [docker0] });
  expect(alone).toContain('  no paths\n\n  docker0 has no address\n');
});

test('a client whose links are all down says so, and where to look', () => {
  const told = 'nothing comes back over any link: packets wait (resip-vpn doctor tells why)';
  const down = { ...path, state: 'down' } as const;
  const texts = [[path, down], [down, down], []].map((paths) =>
    formatStatus({ ...snapshot, peers: [{ ...peer, paths }] }),
  );
  expect(texts.map((text) => text.includes(told))).toEqual([false, true, false]);
  const spent = { ...snapshot, peers: [{ ...peer, paths: [{ ...down, isExhausted: true }] }] };
  expect(formatStatus(spent)).toContain('the budget of every link is used up');
});

test('a server shows each client, by its outer addresses', () => {
  const outside = {
    ...path,
    interfaceName: undefined,
    remote: '203.0.113.9:40000',
    state: 'suspect',
  } as const;
  const session = { established: false, suite: null, ageMs: null, silentMs: null, handshakes: 0 };
  const gone = {
    ...peer,
    name: 'phone',
    isStatic: false,
    address: null,
    session,
    paths: [],
    spoofedDropped: 3,
  };
  const peers = [{ ...peer, name: 'laptop', address6: 'fd00::2', paths: [outside] }, gone];
  expect(formatStatus({ ...snapshot, role: 'server', peers, rejects: {} })).toMatchInlineSnapshot(`
    "server on tun0, up 12 min 6 s, 2 clients, policy redundant, MTU 1400, key DuH6fZF0…

    laptop  10.77.0.2, fd00::2 (static)  key vXg0HdUH…
      session AES-256-GCM since 1 min 1 s, last heard 12 ms ago, 1 handshake
      sent 12,000 packets (15.0 MB), received 22,202 (31.0 GB), 21,019 duplicates dropped

      path               state                        rtt    loss out/in     sent  received   first  duplicates
      203.0.113.9:40000  suspect 12 min 5 s  21.3 ±0.4 ms  0.1 % / 0.0 %  16.2 MB     950 B  20,998       1,204

      20,998 packets came first over 203.0.113.9:40000

    phone  no address  key vXg0HdUH…
      no session, never heard, 0 handshakes
      sent 12,000 packets (15.0 MB), received 22,202 (31.0 GB), 21,019 duplicates dropped
      3 dropped because of a foreign source address
      no paths
    "
  `);
});

test('metered links and backups', () => {
  const budget = { bytes: 50e6, period: 'day', leftBytes: 12.34e6, renewsMs: 0 } as const;
  const paths = [
    path,
    { ...path, interfaceName: 'wwan0', isBackup: true, budget },
    { ...path, interfaceName: 'usb0', isExhausted: true, budget: { ...budget, leftBytes: 0 } },
  ];
  const text = formatStatus({ ...snapshot, peers: [{ ...peer, paths }] });
  expect(text).toMatch(/^ {2}wlan0 .* -$/m);
  expect(text).toMatch(/^ {2}wwan0 {2}up 12 min 5 s, backup .* 12\.3 MB of 50\.0 MB\/day$/m);
  expect(text).toMatch(/^ {2}usb0 {3}up 12 min 5 s, budget used up .* 0 B of 50\.0 MB\/day$/m);
});

describe('a server with many clients', () => {
  const gone = { established: false, suite: null, ageMs: null, silentMs: 90_000, handshakes: 1 };
  const peers = [
    { ...peer, name: 'b', session: gone, paths: [] },
    { ...peer, name: 'a' },
    { ...peer, name: 'd', isStatic: false },
    { ...peer, name: 'c', paths: [path] },
  ];
  const many: Snapshot = { ...snapshot, role: 'server', peers, rejects: {} };

  test('is a table, those that are here first', () => {
    expect(formatStatus(many)).toMatchInlineSnapshot(`
      "server on tun0, up 12 min 6 s, 4 clients, policy redundant, MTU 1400, key DuH6fZF0…

        client  address             session                     paths      best rtt     sent  received
        a       10.77.0.2 (static)  since 1 min 1 s             1 of 2 up   21.3 ms  15.0 MB   31.0 GB
        c       10.77.0.2 (static)  since 1 min 1 s             1 up        21.3 ms  15.0 MB   31.0 GB
        d       10.77.0.2           since 1 min 1 s             1 of 2 up   21.3 ms  15.0 MB   31.0 GB
        b       10.77.0.2 (static)  none, heard 1 min 30 s ago  -                 -  15.0 MB   31.0 GB

        resip-vpn status NAME tells all about one of them
      "
    `);
  });

  test('shows one of them whole', () => {
    expect(formatStatus(many, 'c')).toContain('came first over wlan0');
    expect(() => formatStatus(many, 'laptp')).toThrow('no client laptp');
    expect(() => formatStatus(snapshot, 'laptop')).toThrow('a client has no clients');
  });
});

test('a new client has nothing to show yet', () => {
  const text = formatStatus({ ...snapshot, peers: [{ ...peer, address: null, paths: [] }], rejects: {} });
  expect(text).toContain('no address');
  expect(text).toContain('no paths');
  expect(text).not.toContain('came first');
});

test('full keys are not shown', () => {
  expect(formatStatus(snapshot)).not.toContain(peer.publicKey);
  expect(shortenKey(peer.publicKey)).toBe('vXg0HdUH…');
});

describe('numbers', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [31e9, '31.0 GB'],
  ])('%i bytes', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [59_999, '59 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [90_061_000, '1 d 1 h'],
  ])('%d ms', (ms, text) => expect(formatSpan(ms)).toBe(text));
});
