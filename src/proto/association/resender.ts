/**
 * Sends again what left lately over paths that have died since, and over no other: the receiver drops what it has seen. What
 * left is kept by the driver's batch (`sent-log.ts`); which of it arrived, the paths know (`delivery-proof.ts`).
 */
import type { CoreContext } from '../core-context.ts';
import { PATHS_PER_PEER } from '../packet-batch.ts';
import { withinAllowances } from '../path/allowance.ts';
import type { Association } from './association.ts';
import { HOLD_LIMITS } from './hold-queue.ts';
import type { Judgement } from './sent-log.ts';

/** What is older is wanted no more than what was held for so long. */
const RESEND_MS = HOLD_LIMITS.ageMs;
const MAX_PACKET_BYTES = 1_500;

export class Resender {
  resentDatagrams = 0;
  /** Paths that answered since traffic began: what leaves over two of them needs no second try. */
  private vouchedMask = 0;
  /** When a packet last left without a twin over another such path. */
  private soleMs = Number.NEGATIVE_INFINITY;
  private revision = 0;

  constructor(
    private readonly context: CoreContext,
    private readonly association: Association,
  ) {}

  /** Traffic began: nothing vouches for any path yet. */
  handleActive(): void {
    this.vouchedMask = 0;
  }

  /** A packet leaves over these paths. True when it does without a twin that is sure to arrive: its rows are to be kept. */
  isSole(pathMask: number, now: number): boolean {
    const vouched = pathMask & this.vouchedMask;
    if ((vouched & (vouched - 1)) !== 0) return false;
    this.noteSole(pathMask, now);
    return true;
  }

  private noteSole(pathMask: number, now: number): void {
    this.context.soleRows++;
    this.soleMs = now;
    this.association.relyOn(pathMask, now);
  }

  /** Something is new about the paths. */
  handlePathsChanged(): void {
    this.vouchedMask = 0;
    for (const path of this.association.paths)
      if (path?.state === 'up' && path.proof.isProvenSince(this.association.activity.sinceMs))
        this.vouchedMask |= 1 << path.id;
  }

  /** Some path is up. */
  resend(now: number): void {
    const revision = this.pathsRevision();
    if (revision === this.revision) return;
    this.revision = revision;
    if (now - this.soleMs > RESEND_MS) return;
    const { sentLog, outbox } = this.context;
    const { slot } = this.association;
    sentLog.resend(
      slot,
      now - RESEND_MS,
      (pathMask, sentMs) => this.judge(pathMask, sentMs),
      (datagram, pathMask) => {
        const isTaken = outbox.again(datagram, slot, pathMask);
        if (isTaken) this.resentDatagrams++;
        return isTaken;
      },
    );
  }

  private judge(pathMask: number, sentMs: number): Judgement {
    const { paths, steering } = this.association;
    let targets = steering.mask;
    let isOpen = false;
    for (let id = 0, rest = pathMask; rest !== 0; id++, rest >>>= 1) {
      if ((rest & 1) === 0) continue;
      const path = paths[id];
      const isUp = path?.state === 'up';
      const fate = path?.proof.fateOf(sentMs, isUp) ?? 'lost';
      if (fate === 'arrived') return 'settled';
      if (fate === 'open') isOpen = true;
      if (!isUp) targets &= ~(1 << id);
    }
    if (isOpen) return 'keep';
    targets = withinAllowances(paths, targets, MAX_PACKET_BYTES);
    return targets === 0 ? 'keep' : targets;
  }

  /** Another number whenever the fate of what was sent may have changed. */
  private pathsRevision(): number {
    let upMask = 0;
    let gaps = 0;
    for (const path of this.association.paths) {
      if (path === null) continue;
      if (path.state === 'up') upMask |= 1 << path.id;
      gaps += path.proof.gaps;
    }
    return 2 ** PATHS_PER_PEER * gaps + upMask;
  }
}
