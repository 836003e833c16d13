import { expect, it } from 'vitest';
import { DelayLine, SLOT_BYTES } from './delay-line.ts';
import { seededRandom } from './random.ts';

const frame = Uint8Array.of(1, 2, 3, 4, 5);

it('gives frames back by due time, those due together in the order they came, as a sorted list would', () => {
  const random = seededRandom(3);
  const line = new DelayLine(512);
  const waiting: { dueMs: number; route: number }[] = [];
  for (let step = 0; step < 5000; step += 1) {
    if (random() < 0.55 && waiting.length < 512) {
      const dueMs = Math.floor(random() * 50);
      line.push(dueMs, step, frame, 0, frame.length);
      waiting.push({ dueMs, route: step });
    } else {
      const nowMs = random() * 50;
      waiting.sort((a, b) => a.dueMs - b.dueMs || a.route - b.route);
      const expected = waiting.length > 0 && waiting[0].dueMs <= nowMs ? waiting.shift()?.route : undefined;
      expect(line.pop(nowMs)?.route).toBe(expected);
    }
    expect(line.size).toBe(waiting.length);
  }
});

it('keeps the bytes of each frame', () => {
  const line = new DelayLine(4);
  line.push(2, 0, frame, 1, 3);
  line.push(1, 1, frame, 0, 5);
  const first = line.pop(9)!;
  expect([...line.slab.subarray(first.offset, first.offset + first.length)]).toEqual([1, 2, 3, 4, 5]);
  const second = line.pop(9)!;
  expect([...line.slab.subarray(second.offset, second.offset + second.length)]).toEqual([2, 3, 4]);
});

it('refuses and counts what finds no room', () => {
  const line = new DelayLine(2);
  for (let index = 0; index < 3; index += 1) line.push(1, index, frame, 0, 5);
  line.push(1, 9, new Uint8Array(SLOT_BYTES + 1), 0, SLOT_BYTES + 1);
  expect(line.size).toBe(2);
  expect(line.refused).toBe(2);
});
