/** The numbers that are drawn over time. */
import { afterEach, expect, it } from 'vitest';
import { collectSnapshot } from '../../../src/engine/engine-client.ts';
import { client, flow, link, scenario } from '../../sim/plans.ts';
import { World } from '../../sim/world.ts';

let world: World | null = null;
afterEach(() => world?.close());

const one = client([link({ delayMs: 10 })]);
const two = client([link({ delayMs: 10 }), link({ delayMs: 30 })]);

it('give the busiest clients their places, count the others, and never leave out the one that is looked at', async () => {
  const flows = [flow('up', { everyMs: 20, client: 1 }), flow('up', { everyMs: 200, client: 2 })];
  world = await World.create(scenario('three', { clients: [two, one, one], flows, durationMs: 4_000 }));
  world.run(3_000);
  const { server, clock } = world.server;
  const names = (limit: number, also?: string) =>
    server.sample(clock.nowMs, limit, also).peers.map(({ name }) => name);
  const [idle, , slow] = world.clients.map(({ name }) => name);
  const first = server.sample(clock.nowMs, 64);
  expect(first).toMatchObject({ peerCount: 3, connectedCount: 3 });
  world.run(3_900);
  expect(names(1)).toEqual([world.clients[1].name]);
  const all = server.sample(clock.nowMs, 64);
  expect(all.receivedBytes).toBe(all.peers.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0));
  expect(all.receivedBytes).toBeGreaterThan(first.receivedBytes);
  expect(names(2, idle)[0]).toBe(idle);
  expect(names(64)).toContain(slow);
  expect(all.peers.find(({ name }) => name === idle)?.paths.map(({ state }) => state)).toEqual(['up', 'up']);
});

it('of all clients come a few at a time, each once', async () => {
  world = await World.create(scenario('five', { clients: [one, one, one, one, one], durationMs: 4_000 }));
  world.run(3_000);
  const { server, clock } = world.server;
  const pages: number[] = [];
  const whole = await collectSnapshot(async (page) => {
    const part = server.snapshot(clock.nowMs, undefined, page);
    pages.push(part.peers.length);
    return part;
  }, 2);
  expect(pages).toEqual([2, 2, 1]);
  expect(whole).toEqual(server.snapshot(clock.nowMs));
  expect(whole.peers).toHaveLength(5);
  expect(server.snapshot(clock.nowMs, []).peers).toEqual([]);
});

it('tell of a client that has no server yet when its own is asked for', async () => {
  world = await World.create(scenario('alone', { clients: [one], durationMs: 1_000 }));
  world.run(1);
  const [{ client: core, clock }] = world.clients;
  expect(core.sample(clock.nowMs, 64)).toMatchObject({ peerCount: 1, connectedCount: 0, peers: [] });
  const [peer] = core.sample(clock.nowMs, 64, 'server').peers;
  expect(peer).toMatchObject({ isConnected: false, paths: [{ rttMs: null }] });
});
