import { expect, it } from 'vitest';
import type { EngineEvent } from '../../src/engine/messages.ts';
import { StreamRefusals } from '../../src/engine/stream-refusals.ts';
import { TerminateKind } from '../../src/proto/wire/stream-commands.ts';

const STREAM = { peerName: 'laptop', target: { protocol: 6, host: Uint8Array.of(10, 0, 0, 5), port: 22 } };

function refusals() {
  const told: EngineEvent[] = [];
  const clock = { nowMs: 0 };
  return { told, clock, refusals: new StreamRefusals(clock, (event) => told.push(event)) };
}

it('says who, where and why', () => {
  const { told, refusals: each } = refusals();
  each.handle(STREAM, TerminateKind.DENIED);
  each.handle(
    { peerName: 'x', target: { protocol: 17, host: 'dns.example', port: 53 } },
    TerminateKind.UNKNOWN_NAME,
  );
  each.handle(
    { peerName: 'x', target: { protocol: 6, host: new Uint8Array(16), port: 80, listens: true } },
    TerminateKind.ADDRESS_IN_USE,
  );
  const common = { kind: 'stream-refused', untold: 0 };
  expect(told).toEqual([
    { ...common, peer: 'laptop', target: '10.0.0.5:22', reason: 'not allowed at the server' },
    { ...common, peer: 'x', target: 'dns.example:53/udp', reason: 'unknown name' },
    { ...common, peer: 'x', target: 'listen at [::]:80', reason: 'address in use at the server' },
  ]);
});

it('an open stream that is cut off was not refused', () => {
  const { told, refusals: each } = refusals();
  for (const kind of [TerminateKind.RESET, TerminateKind.GONE, null]) each.handle(STREAM, kind);
  expect(told).toEqual([]);
});

it('a flood is counted, and one a second is told', () => {
  const { told, clock, refusals: each } = refusals();
  for (let i = 0; i < 1_000; i++) each.handle(STREAM, TerminateKind.REFUSED);
  expect(told).toHaveLength(20);
  for (; clock.nowMs < 10_000; clock.nowMs += 10) each.handle(STREAM, TerminateKind.REFUSED);
  expect(told).toHaveLength(30);
  expect(told.reduce((sum, event) => sum + ('untold' in event ? event.untold : 0), 0)).toBeGreaterThan(1_800);
});
