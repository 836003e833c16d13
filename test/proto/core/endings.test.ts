import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { link } from '../../sim/plans.ts';
import { isUp, Stage } from './stage.ts';

let stage: Stage;

afterEach(() => stage.close());

describe('a goodbye in one batch with a probe', () => {
  beforeEach(async () => {
    stage = await Stage.connected();
    stage.up();
    stage.down();
  });

  it('leaves the server nothing to seal without a key', () => {
    const wire = stage.keepBack(isUp);
    stage.run(300);
    stage.client().stop(true);
    stage.run(50);
    expect(wire.kept.length).toBeGreaterThan(2);
    wire.release();
    stage.run(50);
    expect(stage.seenByServer()?.session.established).toBe(false);
  });

  it('leaves the client nothing to seal without a key', () => {
    const wire = stage.keepBack((datagram) => !isUp(datagram));
    stage.run(300);
    stage.world.server.stop(true);
    expect(wire.kept.length).toBeGreaterThan(2);
    wire.release();
    stage.run(50);
    expect(stage.isConnected()).toBe(false);
  });
});

describe('a client that went', () => {
  it('comes back although its goodbye arrives over a slow path only afterwards', async () => {
    stage = await Stage.connected({ clients: [[link({ delayMs: 10 }), link({ delayMs: 600 })]] });
    const host = stage.client();
    stage.shape(0, 0, { blackhole: true });
    host.stop(true);
    stage.shape(0, 0, { blackhole: false });
    host.start();
    expect(stage.until(() => stage.isConnected(), 200)).toBeLessThan(200);
    stage.run(50);
    for (let step = 0; step < 200; step++) {
      expect(stage.seenByServer()?.session).toMatchObject({ established: true, handshakes: 2 });
      stage.run(10);
    }
  });

  it('does not leave its packets at the server for good', async () => {
    stage = await Stage.connected();
    stage.client().stop(true);
    stage.run(500);
    for (let i = 0; i < 10; i++) stage.down();
    expect(stage.seenByServer()?.heldPackets).toBe(10);
    stage.run(15_000);
    expect(stage.seenByServer()?.heldPackets).toBe(0);
    expect(stage.server.snapshot(0).drops['hold-expired']).toBe(10);
  });
});

describe('a server that lost its memory', () => {
  it('gives each client the address that it had, whoever comes back first', async () => {
    stage = await Stage.connected({ clients: [[link()], [link()], [link()]], server: { invites: true } });
    const clients = [0, 1, 2].map((place) => stage.client(place));
    const before = clients.map((host) => host.address);
    expect(new Set(before).size).toBe(3);
    const { server } = stage.world;
    server.stop(false);
    server.forgetEverything();
    stage.run(5_000);
    for (const place of [0, 1, 2]) stage.shape(place, 0, { blackhole: true });
    server.start();
    for (const place of [2, 0, 1]) {
      stage.admit(clients[place]);
      stage.shape(place, 0, { blackhole: false });
      stage.up(clients[place]);
      expect(stage.until(() => stage.isConnected(clients[place]), 10_000)).toBeLessThan(10_000);
    }
    stage.run(1_000);
    expect(clients.map((host) => host.address)).toEqual(before);
  });
});
