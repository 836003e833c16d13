import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TimerOwner, TimerQueue } from '../../src/proto/timer-queue.ts';

const owner = (): TimerOwner => ({ dueMs: 0, heapIndex: -1 });

describe('timer queue', () => {
  it('agrees with a sorted list under any sequence of arming, moving, disarming and taking', () => {
    const step = fc.record({
      who: fc.nat(15),
      dueMs: fc.nat(100),
      act: fc.constantFrom('arm', 'disarm', 'take'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const owners = Array.from({ length: 16 }, owner);
        const queue = new TimerQueue<TimerOwner>();
        const model = new Map<TimerOwner, number>();
        for (const { who, dueMs, act } of steps) {
          if (act === 'arm') {
            queue.arm(owners[who], dueMs);
            model.set(owners[who], dueMs);
          } else if (act === 'disarm') {
            queue.disarm(owners[who]);
            model.delete(owners[who]);
          } else {
            const taken = queue.take(dueMs);
            const earliest = Math.min(...model.values());
            expect(taken === null).toBe(!(earliest <= dueMs));
            if (taken !== null) {
              expect(model.get(taken)).toBe(earliest);
              model.delete(taken);
            }
          }
          expect(queue.size).toBe(model.size);
          expect(queue.nextMs).toBe(Math.min(...model.values()));
        }
      }),
    );
  });

  it('disarms with an infinite deadline', () => {
    const queue = new TimerQueue<TimerOwner>();
    const one = owner();
    queue.arm(one, 5);
    queue.arm(one, Number.POSITIVE_INFINITY);
    expect(queue.size).toBe(0);
    expect(queue.take(1e9)).toBeNull();
  });
});
