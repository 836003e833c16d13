/** A seeded generator (mulberry32): 32 bits of state are plenty for dice, and a run can be told again by its seed. */
export type Random = () => number;

/** Numbers in [0, 1); the same `seed` (32-bit integer) gives the same sequence. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
