import { afterEach, describe, expect, it, vi } from 'vitest';
import { link } from '../../sim/plans.ts';
import { isHandshake, isUp, Stage } from './stage.ts';

const MINUTE_MS = 60_000;

let stage: Stage;

afterEach(() => stage.close());

describe('a client whose server is away', () => {
  it.each([
    ['a session that still counts', 2.5 * MINUTE_MS],
    ['no session any more', 10 * MINUTE_MS],
  ])('asks at once when a packet comes, with %s', async (_state, awayMs) => {
    stage = await Stage.connected();
    const { server } = stage.world;
    server.stop(false);
    stage.run(awayMs);
    let asked = false;
    stage.tap((datagram) => {
      asked ||= isUp(datagram) && isHandshake(datagram);
      return true;
    });
    // It asks rarely by now: the next time would be seconds away.
    expect(stage.until(() => asked, 20_000)).toBeLessThan(20_000);
    stage.run(1_000);
    server.start();
    const packet = stage.up();
    expect(stage.until(() => packet.deliveredMs >= 0, 10_000)).toBeLessThan(150);
  });
});

describe('a client without links', () => {
  it('is left alone by its timer, even when its session is to be renewed', async () => {
    stage = await Stage.connected();
    for (let i = 0; i < 10; i++) {
      stage.up();
      stage.run(10_000);
    }
    stage.client().closePath(0);
    const timer = vi.spyOn(stage.client().client, 'handleTimeout');
    stage.run(5 * MINUTE_MS);
    expect(timer.mock.calls.length).toBeLessThan(10);
    stage.client().openPath(0);
    stage.run(1_000);
    const packet = stage.up();
    expect(stage.until(() => packet.deliveredMs >= 0, 1_000)).toBeLessThan(100);
  });
});

describe('a server that was killed and started again', () => {
  it.each([50, 300, 700, 1_500, 4_000, 30_000, 400_000])(
    'after %s ms has its client back within two seconds of its return, with the same address',
    async (downMs) => {
      stage = await Stage.connected({ clients: [[link({ delayMs: 40 }), link({ delayMs: 90 })]] });
      const { server } = stage.world;
      const { address } = stage.seenByClient();
      const talk = (ms: number) => {
        for (const endMs = stage.nowMs + ms; stage.nowMs < endMs; stage.run(100)) stage.up();
      };
      talk(1_000);
      server.stop(false);
      talk(downMs);
      server.start();
      const isBack = () => {
        const packet = stage.down();
        stage.up();
        stage.run(90);
        return packet.deliveredMs >= 0;
      };
      expect(stage.until(isBack, 10_000)).toBeLessThan(2_000);
      expect(stage.seenByClient().address).toBe(address);
    },
  );
});
