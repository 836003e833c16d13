import { afterEach, describe, expect, it } from 'vitest';
import { client, flow, link, scenario } from '../../sim/plans.ts';
import type { Scenario } from '../../sim/scenario.ts';
import { World } from '../../sim/world.ts';

let world: World | null = null;

async function run(plan: Scenario, untilMs?: number): Promise<World> {
  world = await World.create(plan);
  world.run(untilMs);
  return world;
}

afterEach(() => {
  world?.close();
  world = null;
});

const twoPaths = client([link({ delayMs: 10 }), link({ delayMs: 30 })]);

describe('a client and a server over two paths', () => {
  it('have a session, an address and two paths within a second', async () => {
    const { clients, server } = await run(scenario('start', { clients: [twoPaths] }), 1_000);
    const [peer] = clients[0].client.snapshot(clients[0].clock.nowMs).peers;
    expect(peer.session.established).toBe(true);
    expect(peer.address).toBe('10.77.0.2');
    expect(peer.paths.map((path) => path.state)).toEqual(['up', 'up']);
    const [seen] = server.server.snapshot(server.clock.nowMs).peers;
    expect(seen.paths.map((path) => path.state)).toEqual(['up', 'up']);
    expect(seen.address).toBe('10.77.0.2');
  });

  it('carry every packet both ways exactly once', async () => {
    const flows = [flow('up', { everyMs: 20 }), flow('down', { everyMs: 20 })];
    const { ledger } = await run(scenario('both ways', { clients: [twoPaths], flows, durationMs: 10_000 }));
    expect(ledger.offered).toBeGreaterThan(900);
    expect(ledger.offered - ledger.delivered).toBeLessThan(6);
  });

  it('throw away the copy that comes second', async () => {
    const { server } = await run(
      scenario('copies', { clients: [twoPaths], flows: [flow('up')], durationMs: 10_000 }),
    );
    const [peer] = server.server.snapshot(server.clock.nowMs).peers;
    expect(peer.duplicatesDropped).toBeGreaterThan(40);
  });
});

describe('what a lossy path needs the other for', () => {
  it('is counted where it arrives', async () => {
    const lossy = client([link({ delayMs: 10 }), link({ delayMs: 10, loss: 0.3 })]);
    const flows = [flow('up', { everyMs: 20, train: 8, maxBytes: 100 })];
    const { server } = await run(scenario('saved', { clients: [lossy], flows, durationMs: 16_000 }));
    const [clean, other] = server.server.snapshot(server.clock.nowMs).peers[0].paths;
    // Of 6,300 packets 2,200 have left the memory of those whose copies may still come.
    expect(clean.savedPackets).toBeGreaterThan(450);
    expect(clean.savedPackets).toBeLessThan(900);
    expect(other.savedPackets).toBe(0);
    expect(clean.deliveredInPerSecond).toBeGreaterThan(30_000);
    expect(clean.delayInMs).toBeLessThan(2);
  });
});
