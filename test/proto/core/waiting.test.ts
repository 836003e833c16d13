import { afterEach, describe, expect, it, vi } from 'vitest';
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
