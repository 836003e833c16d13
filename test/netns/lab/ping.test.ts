import { expect, it } from 'vitest';
import { pingReport } from './traffic/ping.ts';

it('reads what ping printed: lost, doubled, corrupt, gaps', () => {
  const line = (at: string, sequence: number, ms: number) =>
    `[${at}] 64 bytes from 192.0.2.80: icmp_seq=${sequence} ttl=62 time=${ms} ms\n`;
  const text = [
    'PING 192.0.2.80 (192.0.2.80) 56(84) bytes of data.\n',
    line('100.000000', 1, 20),
    line('100.010000', 2, 21),
    line('100.011000', 2, 22).replace(' ms', ' ms (DUP!)'),
    line('100.151000', 5, 40),
    'wrong data byte #16 should be 0xc0 but was 0x0\n',
  ].join('');
  expect(pingReport(text, 6)).toEqual({
    sent: 6,
    received: 3,
    lost: [3, 4, 6],
    duplicates: 1,
    corrupt: 1,
    longestGapMs: 140,
    medianRttMs: 22,
  });
  expect(pingReport(text)).toMatchObject({ sent: 5, lost: [3, 4] });
});
