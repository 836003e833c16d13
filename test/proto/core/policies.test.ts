/** Policies between two whole ends: the server obeys its client, spread packets come out in order, auto notices loss. */
import { afterEach, describe, expect, it } from 'vitest';
import { type PolicyName, policyNamed } from '../../../src/proto/policy/policy.ts';
import type { Rule } from '../../../src/proto/policy/rule.ts';
import { parseRule } from '../../../src/proto/policy/rule-text.ts';
import { link } from '../../sim/plans.ts';
import { isUp, Stage } from './stage.ts';

const TWO_LINKS = [[link({ delayMs: 10 }), link({ delayMs: 30 })]];
let stage: Stage;

afterEach(() => stage?.close());

function setPolicy(name: PolicyName, ...rules: readonly string[]): void {
  const host = stage.client();
  const parsed = rules.map((rule) => parseRule(rule) as Rule);
  host.run(() => host.client.setPolicy(policyNamed(name), parsed, host.clock.nowMs));
}

function serverObeys(name: PolicyName): boolean {
  return stage.seenByServer()?.policy === name;
}

describe('the server', () => {
  it('sends by its client’s policy and rules within a round trip of the change', async () => {
    stage = await Stage.connected({ clients: TWO_LINKS });
    expect(serverObeys('redundant')).toBe(true);
    setPolicy('failover', 'udp:5000-5100=redundant', 'any=bond');
    expect(stage.until(() => serverObeys('failover'), 1_000)).toBeLessThanOrEqual(30);
    expect(stage.seenByServer()?.rules).toEqual(['udp:5000-5100=redundant', 'any=bond']);
  });

  it('hears of it again when the message is lost', async () => {
    stage = await Stage.connected({ clients: TWO_LINKS });
    stage.tap((datagram) => !isUp(datagram));
    setPolicy('bond');
    stage.run(200);
    stage.untap();
    expect(serverObeys('bond')).toBe(false);
    expect(stage.until(() => serverObeys('bond'), 2_000)).toBeLessThan(1_000);
  });
});

describe('failover', () => {
  it('sends nothing but probes over the second path', async () => {
    stage = await Stage.connected({ clients: TWO_LINKS });
    setPolicy('failover');
    stage.run(1_000);
    const before = stage.seenByServer()?.duplicatesDropped;
    for (let i = 0; i < 50; i++) {
      stage.up();
      stage.run(20);
    }
    expect(stage.seenByServer()?.duplicatesDropped).toBe(before);
  });
});

describe('auto', () => {
  it.each([1, 2, 3, 4, 5])(
    'copies everything within a second of a loss of one in twenty, seed %i',
    async (seed) => {
      stage = await Stage.connected({ seed, clients: TWO_LINKS });
      setPolicy('auto');
      const isCopying = () => {
        stage.burst(2, 800);
        stage.run(10);
        return stage.seenByClient().isCopying;
      };
      expect(stage.until(isCopying, 3_000)).toBe(Number.POSITIVE_INFINITY);
      for (const path of [0, 1]) stage.shape(0, path, { loss: 0.05 });
      expect(stage.until(isCopying, 5_000)).toBeLessThanOrEqual(1_000);
    },
  );
});

describe('redundant', () => {
  it('hardly leaves out a copy of a flow that doubles with each round trip, on links that take it', async () => {
    stage = await Stage.connected({ clients: [[link({ delayMs: 10 }), link({ delayMs: 15 })]] });
    stage.run(5_000);
    const roundTripMs = 30;
    let sent = 0;
    for (let packets = 10; packets <= 1_280; packets *= 2)
      for (let i = 0; i < roundTripMs; i++) {
        const due = Math.round(((i + 1) * packets) / roundTripMs) - Math.round((i * packets) / roundTripMs);
        stage.burst(due, 1_400);
        stage.run(1);
        sent += due;
      }
    const leftOut = stage.seenByClient().paths.reduce((sum, { surplusCopies }) => sum + surplusCopies, 0);
    expect(leftOut).toBeLessThan(0.05 * sent);
  });
});
