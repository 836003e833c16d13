/** A UDP port and its flows, over a real socket and streams of which only the ends are there. */
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { StreamOwner } from '../../src/engine/stream-owner.ts';
import { openUdpPort } from '../../src/engine/udp-port.ts';
import { News, type Stream } from '../../src/proto/stream/stream.ts';
import { TerminateKind } from '../../src/proto/wire/stream-commands.ts';
import { eventually } from '../eventually.ts';

class FakeStream {
  owner: StreamOwner | null = null;
  endedBy: TerminateKind | null = null;
  phase = 'open';
  isEnded = false;
  written = 0;
  readonly room = 100_000;
  readonly sending = { isWaiting: false };

  write(): void {
    this.written++;
  }

  end(): void {}

  peek(): null {
    return null;
  }

  terminate(kind: TerminateKind): void {
    this.endedBy = kind;
    this.phase = 'over';
  }
}

it('a flow that waits for its target’s last word ends with the port, though its sender has begun another', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const streams: FakeStream[] = [];
  const host = { nowMs: 0, drain: () => {} };
  const port = await openUdpPort({
    ...{ protocol: 'udp', address: '127.0.0.1', port: 0, host },
    open: () => {
      streams.push(new FakeStream());
      return streams.at(-1) as unknown as Stream;
    },
    onFailed: (error) => {
      throw error;
    },
  });
  const sender = createSocket('udp4');
  onTestFinished(() => void sender.close());
  const speak = () => sender.send('x', port.port, '127.0.0.1');
  speak();
  await eventually(() => expect(streams.length).toBe(1));
  host.nowMs = 200_000;
  vi.advanceTimersByTime(5_000);
  await eventually(() => {
    speak();
    expect(streams.length).toBe(2);
  });
  port.close();
  // What the peers say afterwards comes to flows that are over.
  for (const stream of streams) {
    expect(stream.endedBy).toBe(TerminateKind.RESET);
    stream.isEnded = true;
    stream.owner?.handleNews(News.READABLE);
  }
});

it('a port that is taken costs nothing, however often it is asked for', async () => {
  const taken = createSocket('udp4');
  onTestFinished(() => void taken.close());
  await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
  const ask = () =>
    openUdpPort({
      ...{ protocol: 'udp', address: '127.0.0.1', port: taken.address().port },
      ...{ host: { nowMs: 0, drain: () => {} }, open: () => null, onFailed: () => {} },
    });
  const descriptors = () => readdirSync('/proc/self/fd').length;
  await expect(ask()).rejects.toThrow('EADDRINUSE');
  const before = descriptors();
  for (let i = 0; i < 20; i++) await expect(ask()).rejects.toThrow('EADDRINUSE');
  await eventually(() => expect(descriptors()).toBeLessThan(before + 10));
});
