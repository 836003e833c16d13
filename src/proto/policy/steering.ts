/**
 * Which paths each packet of one association takes, after its policy and rules. What can be decided for all packets is decided
 * when something changes on the paths (`update`); per packet remain the rule, the path it arrives over first, and the budgets
 * of its copies.
 */
import { HEADROOM_BYTES, TAG_BYTES } from '../packet-batch.ts';
import type { Path } from '../path/path.ts';
import { isUsable } from '../path/path-state.ts';
import { choosePrimary } from '../path/primary.ts';
import { FlowReader } from '../wire/flow.ts';
import { UNORDERED } from '../wire/interior.ts';
import { FlowMemory } from './flow-memory.ts';
import { Alarm, type Choice, type Policy, policyNamed } from './policy.ts';
import { candidates, rank } from './ranking.ts';
import { matches, type Rule } from './rule.ts';
import { Unrest } from './unrest.ts';

/** Acknowledgements, keystrokes, speech: copying them costs little. */
const SMALL_BYTES = 300;
/** A path keeps getting packets while no other delivers them earlier by more than this: runs leave in one system call. */
const RUN_MS = 1;
const WRAPPER_BYTES = HEADROOM_BYTES + TAG_BYTES;

/** Of the packet at hand, for all associations. */
const flow = new FlowReader();

interface Plan {
  policy: Policy;
  choice: Choice;
  /** Of the copies, the one that carries every packet while others are limited; null = nothing is limited. */
  primary: Path | null;
}

const NOTHING: Choice = { copies: 0, spread: 0, smallCopies: 0, byFlow: false };

export class Steering {
  /** Paths that carry anything; 0 = nothing can be sent. */
  mask = 0;
  /** Where every packet goes, -1 = each has to be asked for with `choose`. */
  plainMask = -1;
  /** Of the packet that was asked for last: the IP flags that name its lane, by flow. */
  order = UNORDERED;
  /** A path is to be asked sooner than it was; whoever arms timers puts it back. */
  wantsAnswer = false;
  rules: readonly Rule[] = [];
  private plans: Plan[] = [];
  /** Of each rule. */
  private rulePlans: Plan[] = [];
  private best: Path | null = null;
  private paths: readonly (Path | null)[] = [];
  private hasSpread = false;
  private usesAlarm = false;
  private lastSpread: Path | null = null;
  private readonly unrest = new Unrest();
  /** Null until packets are spread: most of a server's clients never ask for that. */
  private flows: FlowMemory | null = null;

  constructor(policy: Policy, rules: readonly Rule[]) {
    this.configure(policy, rules);
  }

  /** For all packets that no rule names. */
  get policy(): Policy {
    return this.plans[0].policy;
  }

  /** What it has chosen for packets that no rule names. */
  get choice(): Choice {
    return this.plans[0].choice;
  }

  /** True while `auto` has everything copied. */
  get isCopying(): boolean {
    return this.usesAlarm && this.unrest.level === Alarm.ALL;
  }

  /** `update` has to follow. */
  configure(policy: Policy, rules: readonly Rule[]): void {
    const plans: Plan[] = [];
    const planOf = (wanted: Policy) => {
      const known = plans.find((plan) => plan.policy === wanted);
      const plan = known ?? { policy: wanted, choice: NOTHING, primary: null };
      if (known === undefined) plans.push(plan);
      return plan;
    };
    planOf(policy);
    this.rulePlans = rules.map((rule) => planOf(policyNamed(rule.policy)));
    this.rules = rules;
    this.plans = plans;
    this.usesAlarm = plans.some((plan) => plan.policy.name === 'auto');
  }

  /** To be called when anything is new about the paths. `canSend` false: there is no session. */
  update(paths: readonly (Path | null)[], canSend: boolean, now: number): void {
    this.paths = paths;
    const ranked = canSend ? rank(candidates(paths), this.best) : [];
    this.best = ranked[0] ?? null;
    if (this.usesAlarm) this.unrest.update(this.carriers(ranked), now);
    this.mask = 0;
    this.hasSpread = false;
    for (const plan of this.plans) {
      const choice = plan.policy.choose({ paths: ranked, alarm: this.unrest.level });
      plan.choice = choice;
      plan.primary = primaryOf(ranked, choice.copies, plan.primary);
      this.mask |= choice.copies | choice.spread | choice.smallCopies;
      if (choice.spread !== 0) this.hasSpread = true;
    }
    const [first] = this.plans;
    const isPlain = this.plans.length === 1 && !this.hasSpread && first.primary === null;
    this.plainMask = isPlain ? first.choice.copies : -1;
    this.watch();
  }

  /** The paths of the packet `bytes[at .. at + length)`, which `checkIp` accepted; `order` says in which order. */
  choose(bytes: Uint8Array, at: number, length: number, now: number): number {
    this.order = UNORDERED;
    const plan = this.planFor(bytes, at, length);
    const { choice } = plan;
    if (choice.spread !== 0) return this.chooseOne(choice, length + WRAPPER_BYTES, now);
    const mask =
      plan.primary === null ? choice.copies : this.withinBudget(choice.copies, plan.primary, length, now);
    if (this.hasSpread) this.commit(mask, length + WRAPPER_BYTES, now);
    return mask;
  }

  private planFor(bytes: Uint8Array, at: number, length: number): Plan {
    const { rules } = this;
    if (rules.length > 0 || this.hasSpread) flow.read(bytes, at);
    for (let i = 0; i < rules.length; i++) if (matches(rules[i], flow, length)) return this.rulePlans[i];
    return this.plans[0];
  }

  private chooseOne(choice: Choice, bytes: number, now: number): number {
    const path = choice.byFlow
      ? this.pathOfFlow(choice.spread, bytes, now)
      : this.earliest(choice.spread, bytes, now);
    path.outflow.load.commit(bytes, now);
    if (!choice.byFlow) this.order = this.flowMemory.orderOver(flow.hash, path.id, now);
    const own = 1 << path.id;
    if (bytes > SMALL_BYTES + WRAPPER_BYTES || choice.smallCopies === 0) return own;
    const mask = this.withinBudget(choice.smallCopies | own, path, bytes, now);
    this.commit(mask & ~own, bytes, now);
    return mask;
  }

  private get flowMemory(): FlowMemory {
    this.flows ??= new FlowMemory();
    return this.flows;
  }

  /** The path that a packet of `bytes` arrives over first. */
  private earliest(mask: number, bytes: number, now: number): Path {
    let best: Path | null = null;
    let bestMs = Number.POSITIVE_INFINITY;
    let lastMs = Number.POSITIVE_INFINITY;
    for (let id = 0, rest = mask; rest !== 0; id++, rest >>>= 1) {
      const path = (rest & 1) === 0 ? null : this.paths[id];
      if (path === null) continue;
      const arrivalMs = path.outflow.load.arrivalMs(bytes, now);
      if (path === this.lastSpread) lastMs = arrivalMs;
      if (best !== null && arrivalMs >= bestMs) continue;
      best = path;
      bestMs = arrivalMs;
    }
    if (this.lastSpread === null || lastMs > bestMs + RUN_MS) this.lastSpread = best;
    return this.lastSpread as Path;
  }

  private pathOfFlow(mask: number, bytes: number, now: number): Path {
    const { flowMemory } = this;
    const { hash } = flow;
    const bound = flowMemory.boundTo(hash, mask, now);
    if (bound >= 0) return this.paths[bound] as Path;
    const path = this.earliest(mask, bytes, now);
    flowMemory.bind(hash, path.id);
    return path;
  }

  /** The paths of `copies` that take this packet: `primary`, and the others as far as their budgets go. */
  private withinBudget(copies: number, primary: Path, bytes: number, now: number): number {
    primary.outflow.budget.note(bytes);
    let mask = copies;
    for (let id = 0, rest = copies; rest !== 0; id++, rest >>>= 1) {
      const path = this.paths[id];
      if ((rest & 1) === 0 || path === null || path === primary) continue;
      if (path.outflow.budget.take(bytes, now)) continue;
      mask &= ~(1 << id);
      if (path.outflow.budget.isRamping && path.schedule.handleLeftOut(path)) this.wantsAnswer = true;
    }
    return mask;
  }

  private commit(mask: number, bytes: number, now: number): void {
    for (let id = 0, rest = mask; rest !== 0; id++, rest >>>= 1)
      if ((rest & 1) !== 0) this.paths[id]?.outflow.load.commit(bytes, now);
  }

  /** The paths whose quality people feel: all of them while all carry copies, else the best and those that get a share. */
  private carriers(ranked: readonly Path[]): readonly Path[] {
    if (this.unrest.level === Alarm.ALL) return ranked;
    return ranked.filter((path, i) => i === 0 || path.outflow.load.isInUse);
  }

  /** A path whose packets no other carries is watched closely, where there is another to turn to. */
  private watch(): void {
    let others = 0;
    for (const path of this.paths) if (path && isUsable(path.state) && !path.isExhausted) others++;
    for (const path of this.paths) {
      if (path === null) continue;
      const bit = 1 << path.id;
      path.schedule.isAlone =
        others > 1 && this.plans.some(({ choice }) => (choice.spread & bit) !== 0 || choice.copies === bit);
    }
  }
}

/** A lone copy asks no budget. */
function primaryOf(ranked: readonly Path[], copies: number, current: Path | null): Path | null {
  const carrying = ranked.filter((path) => (copies & (1 << path.id)) !== 0);
  if (carrying.length < 2 || !carrying.some((path) => path.outflow.budget.isLimited)) return null;
  return choosePrimary(carrying, current);
}
