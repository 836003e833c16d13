import { beforeEach, describe, expect, it } from 'vitest';
import { ADDRESS_WORDS, PATH_ERRNO, PathTable } from '../../../src/proto/packet-batch.ts';
import { Path } from '../../../src/proto/path/path.ts';
import { isUsable } from '../../../src/proto/path/path-state.ts';

const ADDRESS = new Int32Array(ADDRESS_WORDS);
ADDRESS[0] = (4 << 16) | 4600;
ADDRESS[1] = 0x0a000001;

let table: PathTable;
let nextToken = 1;

function makePath(keepsAlive = true): Path {
  const options = {
    id: 0,
    row: 0,
    words: table.words,
    maxMtuBytes: 1280,
    keepsAlive,
    interfaceName: 'wlan0',
  };
  const path = new Path(options, 0);
  path.setAddress(3, ADDRESS, 0);
  return path;
}

/** Runs the path's own schedule; every probe is answered after `rttMs`, or never. */
function run(path: Path, fromMs: number, toMs: number, active: boolean, rttMs: number | null): number {
  const answers: { atMs: number; token: number }[] = [];
  let sent = 0;
  for (let now = fromMs; now <= toMs; now++) {
    while (answers.length > 0 && answers[0].atMs <= now) {
      const { token } = answers.shift() as { token: number };
      path.handleHeard(now);
      path.handleAnswer(token, 0, now);
    }
    const task = path.poll(now, active);
    if (task !== 'probe' && task !== 'keep-alive') continue;
    const token = nextToken++;
    path.handleProbeSent(token, 0, 0, now, active);
    sent++;
    if (rttMs !== null) answers.push({ atMs: now + rttMs, token });
  }
  return sent;
}

beforeEach(() => {
  table = new PathTable(1);
});

describe('path', () => {
  it('is asked at once and is up with the first answer', () => {
    const path = makePath();
    expect(path.state).toBe('validating');
    expect(path.poll(0, false)).toBe('probe');
    path.handleProbeSent(1, 2, 0, 0, false);
    expect(path.handleAnswer(1, 2, 30)).toBe(true);
    expect(path.state).toBe('up');
    expect(path.rtt.smoothedMs).toBe(30);
  });

  it('is not validated by an answer to a question it did not ask', () => {
    const path = makePath();
    path.handleProbeSent(1, 2, 0, 0, false);
    expect(path.handleAnswer(1, 3, 30)).toBe(false);
    path.handleHeard(30);
    expect(path.state).toBe('validating');
  });

  it('is probed four times a second under traffic and every 25 s without', () => {
    const path = makePath();
    run(path, 0, 1000, true, 20);
    const busy = run(path, 1001, 11_000, true, 20);
    expect(busy).toBeGreaterThanOrEqual(38);
    expect(busy).toBeLessThanOrEqual(42);
    const idle = run(path, 11_001, 11_001 + 4 * 25_000, false, 20);
    expect(idle).toBeGreaterThanOrEqual(3);
    expect(idle).toBeLessThanOrEqual(5);
  });

  it('came up and carries nothing: is asked ever more rarely, and anew when the peer asks', () => {
    const path = makePath();
    expect(run(path, 0, 3000, false, 20)).toBe(5);
    const asked = makePath();
    const before = run(asked, 0, 1200, false, 20);
    asked.handleAsked(1200);
    expect(run(asked, 1201, 1450, false, 20)).toBe(1);
    expect(before).toBe(4);
  });

  it('is asked as ever from the moment on when traffic begins', () => {
    const path = makePath();
    run(path, 0, 1200, false, 20);
    path.handleActive(1200);
    expect(run(path, 1201, 2200, true, 20)).toBe(4);
  });

  it('becomes suspect when an answer is overdue and down when nothing is heard for seconds', () => {
    const path = makePath();
    run(path, 0, 2000, true, 20);
    expect(path.state).toBe('up');
    run(path, 2001, 2600, true, null);
    expect(path.state).toBe('suspect');
    expect(isUsable(path.state)).toBe(true);
    run(path, 2601, 5600, true, null);
    expect(path.state).toBe('down');
    expect(isUsable(path.state)).toBe(false);
  });

  it('comes back with one answer, at most half a second after its link', () => {
    const path = makePath();
    run(path, 0, 2000, true, 20);
    run(path, 2001, 20_000, true, null);
    expect(path.state).toBe('down');
    run(path, 20_001, 20_001 + 560, true, 20);
    expect(path.state).toBe('up');
  });

  it('asks a path given up at once when something authentic arrives over it', () => {
    const path = makePath();
    run(path, 0, 2000, true, 20);
    run(path, 2001, 200_000, false, null);
    expect(path.state).toBe('down');
    path.handleHeard(200_001);
    expect(path.state).toBe('validating');
    expect(path.poll(200_001, false)).toBe('probe');
  });

  it('is up with the answer to a question asked while it was down, and not with one that is old', () => {
    for (const [ageMs, state] of [
      [900, 'up'],
      [1_100, 'validating'],
    ] as const) {
      const path = makePath();
      run(path, 0, 2000, true, 20);
      run(path, 2001, 20_000, true, null);
      path.handleProbeSent(-1, -1, 0, 20_001, true);
      path.handleHeard(20_001 + ageMs);
      path.handleAnswer(-1, -1, 20_001 + ageMs);
      expect(path.state).toBe(state);
    }
  });

  it('stays usable while half of the probes are lost', () => {
    const path = makePath();
    let lose = false;
    for (let now = 0; now < 30_000; now++) {
      if (path.poll(now, true) !== 'probe') continue;
      const token = nextToken++;
      path.handleProbeSent(token, 0, 0, now, true);
      lose = !lose;
      if (!lose) {
        path.handleHeard(now);
        path.handleAnswer(token, 0, now);
      }
      if (now > 1000) expect(isUsable(path.state)).toBe(true);
    }
  });

  it('on the server sends nothing while idle and gives up after two and a half minutes of silence', () => {
    const path = makePath(false);
    run(path, 0, 1000, true, 20);
    expect(run(path, 1001, 50_000, false, 20)).toBeLessThanOrEqual(1);
    expect(path.state).toBe('up');
    run(path, 50_001, 152_000, false, null);
    expect(path.state).toBe('down');
  });

  it('asks at the time that dueMs tells, never in a busy loop', () => {
    const path = makePath();
    let polls = 0;
    let now = 0;
    while (now < 100_000) {
      polls++;
      const task = path.poll(now, false);
      if (task === 'probe' || task === 'keep-alive') path.handleProbeSent(nextToken++, 0, 0, now, false);
      now = Math.max(now + 1, path.dueMs(now, false));
    }
    expect(polls).toBeLessThan(100);
  });

  it('gives up sooner when the system refuses to send', () => {
    const path = makePath();
    run(path, 0, 1000, true, 20);
    for (let now = 1001; now < 2200; now++) {
      table.words[PATH_ERRNO] = 101;
      run(path, now, now, true, null);
    }
    expect(path.state).toBe('down');
  });

  it('counts surplus copies on when it is asked from the beginning', () => {
    const path = makePath();
    for (let i = 0; i < 100; i++) path.outflow.budget.take(1_400, 0);
    const { surplusCopies } = path.outflow;
    expect(surplusCopies).toBeGreaterThan(50);
    path.revalidate(10);
    expect(path.outflow.surplusCopies).toBe(surplusCopies);
  });
});
