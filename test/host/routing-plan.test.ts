import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ROUTE_PROTOCOL, type Rule } from '../../src/host/network-objects.ts';
import { findFreeBase, MAX_PATH, pathPriority, tunnelPriority } from '../../src/host/routing-plan.ts';

function rule(more: Partial<Rule>): Rule {
  return { family: 4, priority: 100, action: 'lookup', table: 100, isInverted: false, protocol: 0, ...more };
}

const LOCAL = rule({ priority: 0, table: 255 });
const MAIN = rule({ priority: 32766, table: 254 });

test('the seed chooses the block, and the same seed the same block', () => {
  expect(findFreeBase(0, [], [])).toBe(0x52000000);
  expect(findFreeBase(3, [], [])).toBe(0x52000300);
  expect(findFreeBase(0x10003, [], [])).toBe(0x52000300);
});

test('a block with a used table, mark or rule target is passed over', () => {
  expect(findFreeBase(0, [], [0x52000007])).toBe(0x52000100);
  expect(findFreeBase(0, [rule({ mark: 0x52000001, mask: 0xffffffff })], [])).toBe(0x52000100);
  expect(findFreeBase(0, [rule({ table: 0x520000ff })], [])).toBe(0x52000100);
});

test.each([
  ['a mask above every block', { mark: 0x52000000, mask: 0xff000000 }],
  ['a mask inside every block', { mark: 1, mask: 0xff }],
])('%s does not keep anybody from starting', (_, foreign) => {
  expect(findFreeBase(5, [rule({ ...foreign, table: 7 })], [])).toBe(0x52000500);
});

test("wg-quick, Tailscale and Kubernetes are in nobody's way", () => {
  const others = [
    rule({ mark: 0xca6c, mask: 0xffffffff, isInverted: true, table: 51820 }),
    rule({ mark: 0x80000, mask: 0xff0000, table: 254 }),
    rule({ mark: 0x4000, mask: 0x4000 }),
  ];
  // Kubernetes' bit 0x4000 is set in some blocks: those are passed over.
  const base = findFreeBase(0x40, others, [])!;
  expect(base & 0x4000).toBe(0);
});

test('a foreign rule matches a mark of the chosen block only where it would match one of every block', () => {
  const foreignRule = fc.record({
    mark: fc.nat(0xffffffff),
    mask: fc.nat(0xffffffff),
    table: fc.nat(0xffff),
  });
  const check = (seed: number, found: { mark: number; mask: number; table: number }[], path: number) => {
    const rules = found.map(rule);
    const base = findFreeBase(seed, rules, [])!;
    const matches = (mark: number) => rules.some((r) => (mark & r.mask!) >>> 0 === (r.mark! & r.mask!) >>> 0);
    if (!matches(base + path)) return;
    for (let block = 0; block < 0x10000; block += 257) {
      const marks = Array.from({ length: 256 }, (_, i) => 0x52000000 + block * 256 + i);
      expect(marks.some(matches)).toBe(true);
    }
  };
  fc.assert(fc.property(fc.nat(), fc.array(foreignRule, { maxLength: 4 }), fc.nat(MAX_PATH), check), {
    numRuns: 40,
  });
});

test('path rules come before every foreign rule, beside our own', () => {
  expect(pathPriority([LOCAL, MAIN], ROUTE_PROTOCOL)).toBe(32765);
  expect(pathPriority([LOCAL, rule({ priority: 5210 }), MAIN], ROUTE_PROTOCOL)).toBe(5209);
  const ours = rule({ priority: 5209, protocol: ROUTE_PROTOCOL });
  expect(pathPriority([LOCAL, ours, rule({ priority: 5210 }), MAIN], ROUTE_PROTOCOL)).toBe(5209);
  expect(pathPriority([rule({ priority: 1 })], ROUTE_PROTOCOL)).toBe(1);
});

test('the tunnel takes the last two free neighbours before the main table', () => {
  expect(tunnelPriority([LOCAL, MAIN])).toBe(32764);
  expect(tunnelPriority([rule({ priority: 32765 })])).toBe(32763);
  expect(tunnelPriority([rule({ priority: 32764 })])).toBe(32762);
  const full = Array.from({ length: 32766 }, (_, priority) => rule({ priority }));
  expect(tunnelPriority(full)).toBe(0);
});
