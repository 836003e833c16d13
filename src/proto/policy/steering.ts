/**
 * Which paths each packet of one association takes, after its policy and rules. What can be decided for all packets is decided
 * when something changes on the paths (`update`); per packet remain the rule, the path it arrives over first, and the budgets
 * of its copies.
 */
import { HEADROOM_BYTES, PATHS_PER_PEER, TAG_BYTES } from '../packet-batch.ts';
import type { Path } from '../path/path.ts';
import { isUsable } from '../path/path-state.ts';
import { choosePrimary } from '../path/primary.ts';
import { FlowReader } from '../wire/flow.ts';
import { LANES, laneFlags, UNORDERED } from '../wire/interior.ts';
import { Alarm, type Choice, type Policy, policyNamed } from './policy.ts';
import { candidates, rank } from './ranking.ts';
import { matches, type Rule } from './rule.ts';
import { Unrest } from './unrest.ts';

/** Acknowledgements, keystrokes, speech: copying them costs little. */
const SMALL_BYTES = 300;
/** A path keeps getting packets while no other delivers them earlier by more than this: runs leave in one system call. */
const RUN_MS = 1;
/** Flows told apart, by hash. */
const FLOW_SLOTS = 256;
/** A flow that paused for longer than the paths differ may change its path: nothing can be overtaken. */
const FLOW_PAUSE_MS = 200;
/** PROTOCOL.md §3: what left longer ago over another path is not waited for. */
const SPLIT_MS = 400;
const WRAPPER_BYTES = HEADROOM_BYTES + TAG_BYTES;

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
  private readonly flow = new FlowReader();
  /** Of each lane: the path of its last packet, and when that changed. */
  private readonly lanePaths = new Uint8Array(LANES).fill(PATHS_PER_PEER);
  private readonly laneSplitMs = new Float64Array(LANES).fill(Number.NEGATIVE_INFINITY);
  private readonly flowPaths = new Uint8Array(FLOW_SLOTS).fill(PATHS_PER_PEER);
  private readonly flowMs = new Float64Array(FLOW_SLOTS);

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
    const { rules, flow } = this;
    if (rules.length > 0 || this.hasSpread) flow.read(bytes, at);
    for (let i = 0; i < rules.length; i++) if (matches(rules[i], flow, length)) return this.rulePlans[i];
    return this.plans[0];
  }

  private chooseOne(choice: Choice, bytes: number, now: number): number {
    const path = choice.byFlow
      ? this.pathOfFlow(choice.spread, bytes, now)
      : this.earliest(choice.spread, bytes, now);
    path.outflow.load.commit(bytes, now);
    if (!choice.byFlow) this.order = this.orderOver(path, now);
    const own = 1 << path.id;
    if (bytes > SMALL_BYTES + WRAPPER_BYTES || choice.smallCopies === 0) return own;
    const mask = this.withinBudget(choice.smallCopies | own, path, bytes, now);
    this.commit(mask & ~own, bytes, now);
    return mask;
  }

  /** The flags of the packet at hand when it goes over `path`. */
  private orderOver(path: Path, now: number): number {
    const lane = this.flow.hash % LANES;
    if (this.lanePaths[lane] !== path.id) {
      this.lanePaths[lane] = path.id;
      this.laneSplitMs[lane] = now;
    }
    return laneFlags(lane, now - this.laneSplitMs[lane] < SPLIT_MS);
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
    const slot = this.flow.hash % FLOW_SLOTS;
    const paused = now - this.flowMs[slot] > FLOW_PAUSE_MS;
    this.flowMs[slot] = now;
    const known = this.flowPaths[slot];
    if (!paused && known < PATHS_PER_PEER && (mask & (1 << known)) !== 0) return this.paths[known] as Path;
    const path = this.earliest(mask, bytes, now);
    this.flowPaths[slot] = path.id;
    return path;
  }

  /** The paths of `copies` that take this packet: `primary`, and the others as far as their budgets go. */
  private withinBudget(copies: number, primary: Path, bytes: number, now: number): number {
    primary.outflow.budget.note(bytes);
    let mask = copies;
    for (let id = 0, rest = copies; rest !== 0; id++, rest >>>= 1) {
      const path = this.paths[id];
      if ((rest & 1) === 0 || path === null || path === primary) continue;
      if (!path.outflow.budget.take(bytes, now)) mask &= ~(1 << id);
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
