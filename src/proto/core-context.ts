/** What all parts of one core share. */
import type { Association } from './association/association.ts';
import { SentLog } from './association/sent-log.ts';
import { Counters, DROP_REASONS, REJECT_REASONS } from './counters.ts';
import type { CoreEvent } from './events.ts';
import { Outbox } from './outbox.ts';
import { PacketBatch, type PathTable } from './packet-batch.ts';
import type { Policy } from './policy/policy.ts';
import type { Rule } from './policy/rule.ts';
import type { BatchSealer, RandomBytes } from './ports.ts';
import { SlotBudget } from './receive/order-store.ts';
import type { NetworkLayer } from './session/network-layer.ts';
import type { Primitives } from './session/primitives.ts';
import { SessionTable } from './session/session-table.ts';
import { Budget, MAX_CHANNELS, STREAM_MEMORY_BYTES } from './stream/limits.ts';
import type { Stream } from './stream/stream.ts';

export interface CoreOptions {
  readonly role: 'client' | 'server';
  readonly primitives: Primitives;
  readonly sealer: BatchSealer;
  readonly random: RandomBytes;
  readonly network: NetworkLayer;
  readonly paths: PathTable;
  /** Until the peer wishes otherwise (server). */
  readonly policy: Policy;
  /** First match wins; what none names goes by `policy`. Default: none. */
  readonly rules?: readonly Rule[];
  /** Sessions this end can hold at once. */
  readonly maxSessions: number;
  /** Stream channels of one association at once. */
  readonly maxChannels?: number;
}

/** Packets that all associations together may hold until earlier ones come: 32 MiB. */
const ORDER_SLOTS = 16_384;

export class CoreContext {
  readonly isServer: boolean;
  readonly primitives: Primitives;
  readonly sealer: BatchSealer;
  readonly random: RandomBytes;
  readonly network: NetworkLayer;
  readonly paths: PathTable;
  readonly policy: Policy;
  readonly rules: readonly Rule[];
  readonly sessions: SessionTable;
  readonly outbox = new Outbox();
  readonly deliveries = new PacketBatch({ capacity: 1024, arenaBytes: 1536 * 1024, trains: 8 });
  /** Those that may have carried packets since the last sample. */
  readonly busy = new Set<Association>();
  readonly orderSlots = new SlotBudget(ORDER_SLOTS);
  readonly events: CoreEvent[] = [];
  /** Streams with news, each once. */
  readonly streamNews: Stream[] = [];
  readonly maxChannels: number;
  readonly streamMemory = new Budget(STREAM_MEMORY_BYTES);
  readonly sentLog = new SentLog();
  /** Rows of the batch at hand that are to be kept there. */
  soleRows = 0;
  readonly rejects = new Counters(REJECT_REASONS);
  readonly drops = new Counters(DROP_REASONS);

  constructor(
    options: CoreOptions,
    private readonly onWake: (association: Association) => void,
  ) {
    this.isServer = options.role === 'server';
    this.primitives = options.primitives;
    this.sealer = options.sealer;
    this.random = options.random;
    this.network = options.network;
    this.paths = options.paths;
    this.policy = options.policy;
    this.rules = options.rules ?? [];
    this.maxChannels = options.maxChannels ?? MAX_CHANNELS;
    this.sessions = new SessionTable(
      options.maxSessions,
      options.sealer,
      options.random,
      () => this.outbox.batch.count === 0,
    );
  }

  /** A deadline of this association may have moved forward: it is armed anew when the input at hand is done. */
  wake(association: Association): void {
    if (association.isWoken) return;
    association.isWoken = true;
    this.onWake(association);
  }
}
