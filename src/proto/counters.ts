/** Closed lists of reasons, so that every one of them appears in `status` from the start, at zero. */

/** Why a datagram was thrown away. Nothing on this list was ever answered. */
export const REJECT_REASONS = [
  'short',
  'type',
  'session-unknown',
  'session-expired',
  'too-old',
  'forged',
  'interior',
  'command',
  'stream',
  'handshake-network-key',
  'handshake-malformed',
  'handshake-replayed',
  'handshake-unknown-client',
  'handshake-overload',
  'handshake-unexpected',
] as const;

/** Why an inner packet or a message of our own went nowhere. */
export const DROP_REASONS = [
  'bad-packet',
  'no-destination',
  'link-local',
  'spoofed-source',
  'hold-overflow',
  'hold-expired',
  'batch-full',
  'over-budget',
  'reassembly',
  'table-full',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** A counter per reason. */
export class Counters<Reason extends string> {
  private readonly values: Record<Reason, number>;

  constructor(reasons: readonly Reason[]) {
    this.values = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
  }

  add(reason: Reason, count = 1): void {
    this.values[reason] += count;
  }

  get(reason: Reason): number {
    return this.values[reason];
  }

  snapshot(): Record<Reason, number> {
    return { ...this.values };
  }
}
