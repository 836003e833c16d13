import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAX_NEWCOMERS } from '../../../src/proto/admission.ts';
import type { Path } from '../../../src/proto/path/path.ts';
import { MAX_REFUSALS } from '../../../src/proto/pending-handshakes.ts';
import { serverTables } from '../../../src/proto/server-core.ts';
import { INITIATION_MIN_BYTES } from '../../../src/proto/session/responder.ts';
import { StaleCallers } from '../../../src/proto/stale-callers.ts';
import { DatagramType } from '../../../src/proto/wire/datagram.ts';
import { packetBytes } from '../../sim/net/link.ts';
import { link } from '../../sim/plans.ts';
import { associationsOf } from '../../sim/watch/step.ts';
import { isHandshake, isUp, Stage, type StagePlan } from './stage.ts';

/** An answer that lets somebody in is longer. */
const COOKIE_AT_MOST_BYTES = 140;

let stage: Stage;

async function create(plan?: StagePlan): Promise<void> {
  stage = await Stage.create(plan);
}

async function connect(plan?: StagePlan): Promise<void> {
  stage = await Stage.connected(plan);
}

afterEach(() => stage.close());

describe('who is let in', () => {
  it('is exactly one of several keys that come with one invite before the first is confirmed', async () => {
    await create({ server: { invites: true } });
    const hosts = [stage.client(), stage.join(), stage.join()];
    for (const host of hosts) host.start();
    stage.run(5_000);
    expect(hosts.filter((host) => stage.seenByServer(host)?.session.established)).toHaveLength(1);
    expect(hosts.filter((host) => host.address !== 0)).toHaveLength(1);
    expect(hosts.filter((host) => host.refusals > 0)).toHaveLength(2);
  });

  it.each(['revoke', 'remove'] as const)(
    'is nobody whom the administrator chose to %s while the handshake was under way',
    async (command) => {
      await connect();
      const host = stage.client();
      host.stop(false);
      const wire = stage.keepBack((datagram) => isUp(datagram) && !isHandshake(datagram));
      host.start();
      stage.run(300);
      expect(wire.kept).not.toHaveLength(0);
      stage[command](host);
      wire.release();
      const { delivered } = stage.world.ledger;
      for (let i = 0; i < 20; i++) {
        stage.up(host);
        stage.run(100);
      }
      expect(stage.world.ledger.delivered).toBe(delivered);
      expect(stage.server['context'].sessions.size).toBe(0);
    },
  );

  it('is one of two machines with the same keys, and the other one is told of once', async () => {
    await connect();
    const host = stage.client();
    host.stop(false);
    host.start();
    stage.run(4_000);
    const { privateKey } = host['options'];
    const stale = vi.spyOn(StaleCallers.prototype, 'handle');
    const twin = stage.join({ privateKey });
    twin.start();
    stage.run(60_000);
    twin.stop(false);
    const told = stale.mock.results.filter(({ value }) => value === true);
    expect(told).toHaveLength(1);
    expect(stale.mock.calls.length).toBeGreaterThan(5);
    expect(stage.isConnected()).toBe(true);
    stale.mockRestore();
  });

  it('is told at once when it is no longer welcome', async () => {
    await connect();
    stage.revoke();
    expect(stage.until(() => !stage.isConnected(), 1_000)).toBeLessThan(50);
  });

  it('is the next client, when those before it have left and their leases are over', async () => {
    await create({ server: { maxClients: 2, leaseMs: 60_000 } });
    const clients = serverTables(2).peers + 1;
    for (let count = 1; count <= clients; count++) {
      const host = stage.join();
      stage.admit(host);
      host.start();
      expect(
        stage.until(() => host.address !== 0, 2_000),
        `client ${count}`,
      ).toBeLessThan(200);
      host.stop(true);
      stage.run(180_000);
    }
  });

  it('may be one of few newcomers at once, who are forgotten when they stay away', async () => {
    await create({ server: { invites: true, maxClients: 2 * MAX_NEWCOMERS } });
    const freeSlots = stage.server['clients']['freeSlots'].length;
    const newcomers = stage.server['handshake']['admission']['newcomers'];
    stage.tap((datagram) => isUp(datagram) && isHandshake(datagram));
    for (let count = 0; count < MAX_NEWCOMERS + 10; count++) {
      const host = stage.join();
      host.start();
      stage.run(25);
      host.stop(false);
    }
    expect(newcomers.size).toBe(MAX_NEWCOMERS);
    expect(stage.server.snapshot(0).rejects['handshake-overload']).toBe(10);
    stage.run(6_000);
    expect(newcomers.size).toBe(0);
    expect(stage.server['clients']['freeSlots']).toHaveLength(freeSlots);
    stage.untap();
    stage.client().start();
    expect(stage.until(() => stage.client().address !== 0, 2_000)).toBeLessThan(200);
  });

  it('is not kept out by any number of keys that come with a used invite', async () => {
    await create({ server: { invites: true } });
    stage.client().start();
    stage.run(1_000);
    const { pending } = stage.server['handshake'] as unknown as { pending: { size: number } };
    let most = 0;
    for (let count = 0; count < MAX_REFUSALS + 20; count++) {
      const host = stage.join();
      host.start();
      stage.run(25);
      host.stop(false);
      most = Math.max(most, pending.size);
    }
    expect(most).toBe(MAX_REFUSALS);
    expect(stage.server.snapshot(0).rejects['handshake-overload']).toBe(20);
    const late = stage.join();
    stage.admit(late);
    late.start();
    expect(stage.until(() => late.address !== 0, 2_000)).toBeLessThan(200);
  });

  it('asks again only after a pause when it was refused', async () => {
    await connect();
    stage.revoke();
    stage.run(1_000);
    expect(stage.client().refusals).toBe(1);
    let initiations = 0;
    stage.tap((datagram) => {
      if (isUp(datagram) && isHandshake(datagram)) initiations++;
      return true;
    });
    stage.run(30_000);
    expect(initiations).toBe(3);
  });
});

describe('a server that is asked too much', () => {
  const begin = async (clients: StagePlan['clients']) => {
    await create({ clients });
    stage.server['handshake']['load'].note = () => true;
    stage.client().start();
  };

  it.each([1, 2])('lets in who shows its cookie a round trip later, over %s paths', async (paths) => {
    await begin(Array.from({ length: 1 }, () => Array.from({ length: paths }, () => link({ delayMs: 20 }))));
    expect(stage.until(() => stage.isConnected(), 1_000)).toBeLessThan(2 * 40 + 20);
  });

  it('answers nothing that is shorter than its cookie, whoever has the network key', async () => {
    await begin([[link()]]);
    stage.run(500);
    let answers = 0;
    stage.tap((datagram) => {
      if (!isUp(datagram) && packetBytes(datagram) < COOKIE_AT_MOST_BYTES) answers++;
      return isUp(datagram);
    });
    const initiate = (bytes: number) =>
      stage.client().run((core) => {
        const { network, outbox, random } = core['context'];
        const { socket, words, addressAt } = (associationsOf(core)[0].paths[0] as Path).row;
        const datagram = network.sealHandshake(DatagramType.INITIATION, 0, new Uint8Array(bytes), random);
        outbox.handshake(DatagramType.INITIATION, 0, datagram, socket, words, addressAt);
      });
    stage.client().client.close(stage.nowMs);
    stage.run(100);
    answers = 0;
    for (const bytes of [0, 15, 16, INITIATION_MIN_BYTES - 1]) initiate(bytes);
    stage.run(100);
    expect(answers).toBe(0);
    initiate(INITIATION_MIN_BYTES);
    stage.run(100);
    expect(answers).toBe(1);
  });

  it('is not asked at the pace of its cookies', async () => {
    await begin([[link({ delayMs: 1 }), link({ delayMs: 1 })]]);
    let asked = 0;
    stage.tap((datagram) => {
      if (!isHandshake(datagram)) return true;
      if (isUp(datagram)) asked++;
      // Cookies come; that anybody is let in does not.
      return isUp(datagram) || packetBytes(datagram) < COOKIE_AT_MOST_BYTES;
    });
    stage.run(4_000);
    expect(asked).toBeLessThanOrEqual(2 * 8);
  });
});
