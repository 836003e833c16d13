import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplayWindow, WINDOW_MAX_BITS, WindowVerdict } from '../../../src/proto/session/replay-window.ts';

/** The slow twin: remembers everything. */
class RememberingWindow {
  private readonly seen = new Set<number>();
  private floor = 0;
  top = -1;

  constructor(private span: number) {}

  check(packetNumber: number): WindowVerdict {
    if (packetNumber < this.floor || this.top - packetNumber >= this.span) return WindowVerdict.OLD;
    return this.seen.has(packetNumber) ? WindowVerdict.DUPLICATE : WindowVerdict.NEW;
  }

  mark(packetNumber: number): boolean {
    const isNew = this.check(packetNumber) === WindowVerdict.NEW;
    if (isNew) this.seen.add(packetNumber);
    if (isNew) this.top = Math.max(this.top, packetNumber);
    return isNew;
  }

  grow(span: number): void {
    this.floor = Math.max(this.floor, this.top - this.span + 1);
    this.span = Math.max(this.span, span);
  }
}

type Step = { kind: 'near' | 'jump' | 'run'; by: number } | { kind: 'grow'; bits: number };

const powers = (least: number, most: number) =>
  fc.integer({ min: least, max: most }).map((power) => 2 ** power);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('near' as const), by: fc.integer({ min: -5_000, max: 40 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('run' as const), by: fc.integer({ min: 1, max: 700 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('jump' as const),
      by: fc.integer({ min: -20_000, max: 20_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('grow' as const), bits: powers(10, 14) }) },
);

/** Runs both windows from `start` on and compares every answer, and then every number around the window. */
function compare(window: ReplayWindow, twin: RememberingWindow, start: number, steps: readonly Step[]): void {
  const both = (packetNumber: number) => {
    if (packetNumber < 0 || packetNumber > Number.MAX_SAFE_INTEGER) return;
    expect(window.check(packetNumber)).toBe(twin.check(packetNumber));
    expect(window.mark(packetNumber)).toBe(twin.mark(packetNumber));
    expect(window.top).toBe(twin.top);
  };
  both(start);
  for (const action of steps) {
    if (action.kind === 'grow') {
      window.grow(action.bits);
      twin.grow(action.bits);
    } else if (action.kind === 'run') {
      for (let i = 0; i < action.by; i++) both(twin.top + 1);
    } else {
      both(twin.top + action.by);
    }
  }
  for (let back = -40; back < 17_000; back++) {
    const packetNumber = twin.top - back;
    if (packetNumber >= 0 && window.check(packetNumber) !== twin.check(packetNumber)) {
      expect(`${packetNumber}: ${window.check(packetNumber)}`).toBe(
        `${packetNumber}: ${twin.check(packetNumber)}`,
      );
    }
  }
}

const steps = fc.array(step, { maxLength: 60 });

describe('replay window', () => {
  it('answers like a set that remembers everything', () => {
    fc.assert(
      fc.property(powers(10, 13), fc.nat(3_000), steps, (bits, start, actions) => {
        compare(new ReplayWindow(bits), new RememberingWindow(bits), start, actions);
      }),
      { numRuns: 100 },
    );
  });

  it.each([2 ** 31, 2 ** 32, 2 ** 53 - 30_000])('does so around %d', (around) => {
    fc.assert(
      fc.property(powers(10, 13), fc.nat(3_000), steps, (bits, start, actions) => {
        compare(new ReplayWindow(bits), new RememberingWindow(bits), around - start, actions);
      }),
      { numRuns: 20 },
    );
  });

  it('takes each of 200,000 numbers once, in order, over all doublings of its memory', () => {
    const window = new ReplayWindow();
    for (let packetNumber = 0; packetNumber < 200_000; packetNumber++) {
      if (!window.mark(packetNumber) || window.mark(packetNumber)) expect.fail(`at ${packetNumber}`);
    }
    for (let packetNumber = 200_000 - 65_536; packetNumber < 200_000; packetNumber++) {
      if (window.check(packetNumber) !== WindowVerdict.DUPLICATE) expect.fail(`at ${packetNumber}`);
    }
    expect(window.check(200_000 - 65_537)).toBe(WindowVerdict.OLD);
  });

  it('spans 65,536 numbers from the start, however far the first jump', () => {
    const window = new ReplayWindow();
    expect(window.top).toBe(-1);
    expect(window.mark(65_535)).toBe(true);
    expect(window.check(0)).toBe(WindowVerdict.NEW);
    expect(window.mark(10_000_000)).toBe(true);
    expect(window.check(10_000_000 - 65_535)).toBe(WindowVerdict.NEW);
    expect(window.check(10_000_000 - 65_536)).toBe(WindowVerdict.OLD);
    expect(window.mark(65_535)).toBe(false);
  });

  it('does not move for what is only asked about', () => {
    const window = new ReplayWindow();
    window.mark(5);
    expect(window.check(2 ** 50)).toBe(WindowVerdict.NEW);
    expect(window.top).toBe(5);
    expect(window.check(4)).toBe(WindowVerdict.NEW);
  });

  it('when it grows, takes nothing twice that had fallen out of the narrower one', () => {
    const window = new ReplayWindow(1_024);
    for (let packetNumber = 0; packetNumber < 5_000; packetNumber++) window.mark(packetNumber);
    window.grow(WINDOW_MAX_BITS);
    for (let packetNumber = 0; packetNumber < 5_000; packetNumber++)
      expect(window.mark(packetNumber)).toBe(false);
    expect(window.mark(1_000_000)).toBe(true);
    expect(window.check(4_000)).toBe(WindowVerdict.DUPLICATE);
    expect(window.check(5_000)).toBe(WindowVerdict.NEW);
    expect(window.mark(4_999 + WINDOW_MAX_BITS)).toBe(true);
    expect(window.check(4_999)).toBe(WindowVerdict.OLD);
  });

  it('costs little memory while a session is young', () => {
    const before = process.memoryUsage().arrayBuffers;
    const windows = Array.from({ length: 5_000 }, () => new ReplayWindow());
    for (const window of windows)
      for (let packetNumber = 0; packetNumber < 1_500; packetNumber += 100) window.mark(packetNumber);
    expect(windows.length * 512).toBeGreaterThan(process.memoryUsage().arrayBuffers - before);
  });

  it('never grows beyond its limit', () => {
    const window = new ReplayWindow();
    window.grow(Number.MAX_SAFE_INTEGER);
    window.mark(0);
    window.mark(WINDOW_MAX_BITS);
    expect(window.check(0)).toBe(WindowVerdict.OLD);
    expect(window.check(1)).toBe(WindowVerdict.NEW);
  });
});
