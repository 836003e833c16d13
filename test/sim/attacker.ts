/** The one on the wire: sees every datagram, owns addresses of his own, knows no key. */
import type { EventQueue } from './clock.ts';
import { type Address, address } from './net/address.ts';
import type { Datagram } from './net/datagram.ts';
import type { Internet } from './net/internet.ts';
import type { Random } from './random.ts';
import type { AttackerPlan } from './scenario.ts';

/** What he remembers, for later. */
const MEMORY_DATAGRAMS = 512;
/** 203.0.113.0/24 (RFC 5737). */
const OWN_NETWORK = 0xcb007100;
const OWN_ADDRESSES = 16;

export class Attacker {
  private readonly memory: Datagram[] = [];
  private seen = 0;

  constructor(
    private readonly queue: EventQueue,
    private readonly random: Random,
    private readonly internet: Internet,
    private readonly plan: AttackerPlan,
    private readonly targets: readonly Address[],
  ) {
    internet.setTap((datagram) => this.handle(datagram));
    if (plan.noisePerSecond > 0) this.makeNoise();
  }

  /** False = the original does not pass. */
  private handle(datagram: Datagram): boolean {
    const { plan, random } = this;
    this.remember(datagram);
    if (random.chance(plan.replay)) this.later(plan.replayMs, random.pick(this.memory));
    if (random.chance(plan.flip)) this.later(1, this.flipped(datagram));
    if (random.chance(plan.truncate)) this.later(1, this.truncated(datagram));
    if (random.chance(plan.redirect)) this.internet.inject({ ...datagram, from: this.ownAddress(datagram) });
    if (random.chance(plan.reflect))
      this.later(plan.replayMs, { ...datagram, from: datagram.to, to: datagram.from, sealed: null });
    return !random.chance(plan.swallow);
  }

  private remember(datagram: Datagram): void {
    const slot = this.memory.length < MEMORY_DATAGRAMS ? this.memory.length : this.seen % MEMORY_DATAGRAMS;
    // Some of the oldest stay for hours.
    if (slot < this.memory.length && this.random.chance(0.5)) return;
    this.memory[slot] = datagram;
    this.seen++;
  }

  private later(maxMs: number, datagram: Datagram): void {
    const delayMs = this.random.chance(0.5) ? this.random.fraction() * 2 : this.random.fraction() * maxMs;
    this.queue.after(delayMs, () => this.internet.inject(datagram));
  }

  private flipped(datagram: Datagram): Datagram {
    const bytes = datagram.bytes.slice();
    for (let flips = this.random.between(1, 3); flips > 0; flips--)
      bytes[this.random.between(0, bytes.length - 1)] ^= 1 << this.random.between(0, 7);
    // Two flips of one bit undo each other.
    return equal(bytes, datagram.bytes) ? datagram : { ...datagram, bytes, sealed: null, isForged: true };
  }

  private truncated(datagram: Datagram): Datagram {
    const bytes = datagram.bytes.slice(0, this.random.between(0, datagram.bytes.length - 1));
    return { ...datagram, bytes, sealed: null, isForged: true };
  }

  private makeNoise(): void {
    this.queue.after((this.random.fraction() * 2_000) / this.plan.noisePerSecond, () => {
      const to = this.random.pick(
        this.memory.length > 0 && this.random.chance(0.5)
          ? [this.random.pick(this.memory).from]
          : this.targets,
      );
      const bytes = this.random.bytes(this.random.between(0, this.random.chance(0.1) ? 1_472 : 200));
      const from =
        this.random.chance(0.3) && this.memory.length > 0
          ? this.random.pick(this.memory).to
          : this.ownAddress({ to });
      this.internet.inject({ from, to, bytes, sealed: null, isForged: true, sentMs: this.queue.nowMs });
      this.makeNoise();
    });
  }

  private ownAddress({ to }: Pick<Datagram, 'to'>): Address {
    const family = to >= 2 ** 48 ? 6 : 4;
    return address(family, OWN_NETWORK + this.random.between(1, OWN_ADDRESSES), 7_777);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, at) => byte === b[at]);
}
