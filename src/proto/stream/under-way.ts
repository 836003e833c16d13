/** The transmissions of one direction of a stream that are under way, by number. */
import type { Transmission } from './transmission.ts';

export class UnderWay {
  lowest: Transmission | null = null;
  private highest: Transmission | null = null;

  add(transmission: Transmission): void {
    let after = this.highest;
    // Repeats belong near the front: what is in order goes to the end at once.
    if (after !== null && after.first > transmission.first) after = this.lastBelow(transmission.first);
    const higher = after === null ? this.lowest : after.higherOfHalf;
    transmission.lowerOfHalf = after;
    transmission.higherOfHalf = higher;
    if (after === null) this.lowest = transmission;
    else after.higherOfHalf = transmission;
    if (higher === null) this.highest = transmission;
    else higher.lowerOfHalf = transmission;
  }

  private lastBelow(number: number): Transmission | null {
    let below: Transmission | null = null;
    for (let each = this.lowest; each !== null && each.first <= number; each = each.higherOfHalf)
      below = each;
    return below;
  }

  remove(transmission: Transmission): void {
    const { lowerOfHalf, higherOfHalf } = transmission;
    if (lowerOfHalf === null) this.lowest = higherOfHalf;
    else lowerOfHalf.higherOfHalf = higherOfHalf;
    if (higherOfHalf === null) this.highest = lowerOfHalf;
    else higherOfHalf.lowerOfHalf = lowerOfHalf;
    transmission.lowerOfHalf = null;
    transmission.higherOfHalf = null;
  }

  /** The first that reaches beyond `number`, or null. */
  firstFrom(number: number): Transmission | null {
    for (let each = this.lowest; each !== null; each = each.higherOfHalf) if (each.end > number) return each;
    return null;
  }
}
