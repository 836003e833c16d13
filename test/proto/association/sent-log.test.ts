import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SentLog } from '../../../src/proto/association/sent-log.ts';
import { PacketBatch, PacketFlags, Verdict } from '../../../src/proto/packet-batch.ts';

interface Row {
  readonly length: number;
  readonly slot: number;
  readonly isSole: boolean;
}

/** A batch as it is after sending; each datagram is filled with its mark. */
function sent(rows: readonly Row[], firstMark = 0): PacketBatch {
  const batch = new PacketBatch({ capacity: 256, arenaBytes: 400_000 });
  rows.forEach(({ length, slot, isSole }, i) => {
    const row = batch.append(length);
    batch.arena.fill((firstMark + i) & 0xff, batch.offset[row], batch.offset[row] + length);
    batch.peer[row] = slot;
    batch.pathMask[row] = 1;
    batch.verdict[row] = Verdict.SEND;
    batch.flags[row] = isSole ? PacketFlags.SOLE : 0;
  });
  return batch;
}

const row = (length: number, isSole = true, slot = 0): Row => ({ length, slot, isSole });

/** Mark and length of all that a slot gets back. */
function drain(log: SentLog, slot = 0, sinceMs = 0): [number, number][] {
  const got: [number, number][] = [];
  const send = (datagram: Uint8Array) => {
    expect(new Set(datagram).size).toBe(1);
    got.push([datagram[0], datagram.length]);
    return true;
  };
  log.resend(slot, sinceMs, () => 2, send);
  return got;
}

describe('the log of what was sent', () => {
  it('gives back each datagram once, oldest first, to its association', () => {
    const log = new SentLog();
    log.keep(sent([row(100), row(1_400), row(60, true, 1), row(80)]), 5);
    expect(drain(log)).toEqual([
      [0, 100],
      [1, 1_400],
      [3, 80],
    ]);
    expect(drain(log)).toEqual([]);
    expect(drain(log, 1)).toEqual([[2, 60]]);
  });

  it('rests while more is sent than it could give back in time', () => {
    const log = new SentLog(10_000);
    const lap = Array.from({ length: 8 }, () => row(1_000));
    log.keep(sent(lap), 0);
    log.keep(sent(lap, 8), 100);
    expect(drain(log)).toHaveLength(8);
    log.keep(sent(lap, 16), 110);
    // Of what was sent before the ring was found too small the newest is still there.
    expect(drain(log).at(-1)).toEqual([23, 1_000]);
    log.keep(sent([row(100)], 30), 111);
    log.keep(sent([row(100)], 31), 359);
    expect(drain(log)).toEqual([]);
    log.keep(sent([row(100)], 32), 361);
    expect(drain(log)).toEqual([[32, 100]]);
  });

  it('keeps only what is to be kept, also among neighbours', () => {
    const log = new SentLog();
    log.keep(sent([row(100, false), row(200), row(300, false), row(400), row(500)]), 5);
    expect(drain(log)).toEqual([
      [1, 200],
      [3, 400],
      [4, 500],
    ]);
  });

  it('leaves out what is too old, keeps what is undecided, and forgets what is settled', () => {
    const log = new SentLog();
    log.keep(sent([row(100)]), 1);
    log.keep(sent([row(200), row(300)], 1), 10);
    const judged: number[] = [];
    log.resend(
      0,
      5,
      (_mask, sentMs) => (judged.push(sentMs) === 1 ? 'keep' : 'settled'),
      () => true,
    );
    expect(judged).toEqual([10, 10]);
    expect(drain(log, 0, 5)).toEqual([[1, 200]]);
  });

  it('stops where there is no room, and goes on there', () => {
    const log = new SentLog();
    log.keep(sent([row(100), row(200)]), 1);
    log.resend(
      0,
      0,
      () => 1,
      () => false,
    );
    expect(drain(log)).toHaveLength(2);
  });

  it('never gives back overwritten bytes, whatever was kept', () => {
    const batches = fc.array(
      fc.array(fc.record({ length: fc.integer({ min: 28, max: 1_500 }), isSole: fc.boolean() }), {
        maxLength: 20,
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(batches, fc.integer({ min: 10_000, max: 40_000 }), (plan, ringBytes) => {
        const log = new SentLog(ringBytes, 64, 0);
        let mark = 0;
        const all: [number, number][] = [];
        for (const rows of plan) {
          log.keep(
            sent(
              rows.map(({ length, isSole }) => row(length, isSole)),
              mark,
            ),
            1,
          );
          for (const { length, isSole } of rows) {
            if (isSole) all.push([mark & 0xff, length]);
            mark++;
          }
        }
        const got = drain(log);
        expect(got.length).toBeLessThanOrEqual(64);
        expect(all.slice(all.length - got.length)).toEqual(got);
      }),
    );
  });
});
