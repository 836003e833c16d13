import { describe, expect, it } from 'vitest';
import { grownDrops } from './drops.ts';
import { parseTcp, parseUdp } from './iperf.ts';
import { parseOptions, UsageError } from './options.ts';
import { pausesOf } from './pauses-row.ts';
import { parsePing } from './ping.ts';

describe('the tools’ own words', () => {
  it('reads the totals of a TCP run', () => {
    const end = {
      sum_sent: { bits_per_second: 2.1e9, bytes: 525e6, retransmits: 7 },
      sum_received: { bits_per_second: 2e9, bytes: 500e6 },
      sender_tcp_congestion: 'cubic',
    };
    const expected = { gigabitsPerSecond: 2, receivedBytes: 500e6, retransmits: 7 };
    expect(parseTcp(JSON.stringify({ end }))).toEqual(expected);
    expect(() => parseTcp(JSON.stringify({ end: { ...end, sender_tcp_congestion: 'bbr' } }))).toThrow('bbr');
  });

  it('reads the losses of a UDP run, and never a negative one', () => {
    const report = (lost: number) =>
      JSON.stringify({ end: { sum: { seconds: 2, packets: 1000, lost_packets: lost } } });
    expect(parseUdp(report(10))).toEqual({ receivedPerSecond: 495, sentPerSecond: 500, loss: 0.01 });
    expect(parseUdp(report(-3)).loss).toBe(0);
  });

  it('passes on what iperf3 complains of', () => {
    expect(() => parseTcp('{"error":"unable to connect"}')).toThrow('unable to connect');
    expect(() => parseTcp('Killed')).toThrow('Killed');
  });

  it('reads round trips and losses of ping', () => {
    const text = [
      'PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.',
      '64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.076 ms',
      '64 bytes from 10.0.0.1: icmp_seq=3 ttl=64 time=12.5 ms',
      '',
      '--- 10.0.0.1 ping statistics ---',
      '3 packets transmitted, 2 received, 33.3333% packet loss, time 2ms',
    ].join('\n');
    const { rttUs, sent, lost } = parsePing(text);
    expect(rttUs.map(Math.round)).toEqual([76, 12500]);
    expect([sent, lost]).toEqual([3, 1]);
    expect(() => parsePing('ping: connect: Network is unreachable')).toThrow('unreachable');
  });

  it('reads the pauses that V8 traces, steps of marking among them, of all isolates but one', () => {
    const text = [
      '[7:0x1]      694 ms: Scavenge 6.6 (7.7) -> 6.0 (8.0) MB, 0.99 / 0.01 ms  (average mu = 1.000) allocation failure; ',
      '[7:0x2]      137 ms: Scavenge 3.2 (3.2) -> 2.8 (4.2) MB, 0.70 / 0.00 ms  (average mu = 1.000) allocation failure; ',
      '[7:0x2]     1824 ms: Mark-Compact 11.9 (13.6) -> 8.9 (13.9) MB, 4.99 / 0.21 ms  (+ 0.9 ms in 6 steps since start of marking, biggest step 0.4 ms, walltime since start of marking 70 ms) finalize',
    ].join('\n');
    expect(pausesOf(text, '0x1')).toEqual([0.7, 4.99, 0.4]);
  });

  it('names the drops that grew, the largest first', () => {
    const before = new Map(Object.entries({ a: 5, b: 5, c: 5 }));
    expect(grownDrops(before, new Map(Object.entries({ a: 6, b: 5, c: 9, d: 2 })))).toEqual([
      '+4 c',
      '+2 d',
      '+1 a',
    ]);
  });
});

describe('the options', () => {
  it('takes a whole family of rows or a single one, in the order of the table', () => {
    const rows = ['tcp-up', 'udp-64', 'udp-512', 'udp-1200'];
    expect(parseOptions(['--rows', 'udp,tcp-up', '--variants', 'plain'], 'x')?.plan).toEqual([
      { variant: 'plain', rows },
    ]);
    expect(parseOptions(['--peers', 'openvpn,raw'], 'x')?.subjects).toEqual(['raw', 'openvpn']);
  });

  it.each([
    ['--rows', 'tpc'],
    ['--peers', 'wireguard'],
    ['--variants', 'off'],
    ['--reps', '0'],
    ['--seconds', 'many'],
    ['--fast'],
  ])('refuses %s %s', (...argv) => {
    expect(() => parseOptions(argv, 'x')).toThrow(UsageError);
  });
});
