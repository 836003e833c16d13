/** What client and server share: the two flows, commands, paths and timers of associations. */
import type { Association } from './association/association.ts';
import { CommandHandler, type CommandHooks } from './command/command-handler.ts';
import { CommandSender } from './command/command-sender.ts';
import type { Source } from './command/source.ts';
import type { Core } from './core.ts';
import { CoreContext, type CoreOptions } from './core-context.ts';
import type { CoreEvent } from './events.ts';
import { Inbound, type InboundHandler } from './inbound.ts';
import { handleOutbound } from './outbound.ts';
import type { Outbox } from './outbox.ts';
import type { PacketBatch } from './packet-batch.ts';
import type { Path } from './path/path.ts';
import { Prober } from './path/prober.ts';
import type { Routes } from './routes.ts';
import { type Census, Sampler } from './sampler.ts';
import type { Session } from './session/session.ts';
import type { Page, Sample, Snapshot } from './snapshot.ts';
import type { Stream } from './stream/stream.ts';
import { TimerQueue } from './timer-queue.ts';
import { CloseReason, writeClose } from './wire/commands.ts';

export abstract class CoreBase implements Core, InboundHandler, CommandHooks {
  protected readonly context: CoreContext;
  protected readonly commands: CommandSender;
  protected readonly prober: Prober;
  protected readonly timers = new TimerQueue<Association>();
  protected readonly inbound: Inbound;
  private readonly commandHandler: CommandHandler;
  private readonly sampler = new Sampler();
  /** Associations whose deadlines moved during the batch at hand. */
  private readonly moved: Association[] = [];

  abstract readonly routes: Routes;

  protected constructor(options: CoreOptions) {
    this.context = new CoreContext(options, (association) => this.moved.push(association));
    this.commands = new CommandSender(this.context);
    this.prober = new Prober(this.commands, options.random);
    this.inbound = new Inbound(this.context, this);
    this.commandHandler = new CommandHandler(this.context, this.commands, this.prober, this);
  }

  get outbox(): Outbox {
    return this.context.outbox;
  }

  get deliveries(): PacketBatch {
    return this.context.deliveries;
  }

  get events(): CoreEvent[] {
    return this.context.events;
  }

  get streamNews(): Stream[] {
    return this.context.streamNews;
  }

  get nextTimeoutMs(): number {
    return this.timers.nextMs;
  }

  handleTunPackets(batch: PacketBatch, now: number): void {
    handleOutbound(this.context, this.routes, batch, now);
    this.rearm(now);
  }

  settle(now: number): void {
    this.rearm(now);
  }

  handleDatagrams(batch: PacketBatch, now: number): number {
    this.context.sessions.wipeRetired();
    const wanted = this.inbound.handleDatagrams(batch, now);
    this.rearm(now);
    return wanted;
  }

  handleOpened(batch: PacketBatch, now: number): boolean {
    const reopen = this.inbound.handleOpened(batch, now);
    this.rearm(now);
    return reopen;
  }

  handleSent(batch: PacketBatch, now: number): void {
    const { context } = this;
    if (context.soleRows === 0) return;
    context.soleRows = 0;
    context.sentLog.keep(batch, now);
  }

  handleTimeout(now: number): void {
    this.context.sessions.wipeRetired();
    for (let association = this.timers.take(now); association !== null; association = this.timers.take(now)) {
      this.runAssociation(association, now);
      this.armLater(association, now);
    }
    this.rearm(now);
  }

  handleCommand(
    session: Session,
    path: Path | null,
    batch: PacketBatch,
    row: number,
    body: Uint8Array,
    now: number,
  ): void {
    this.commandHandler.handle(session, path, batch, row, body, now);
    this.inbound.forgetPath();
  }

  handleStray(session: Session, batch: PacketBatch, row: number, now: number): void {
    this.commandHandler.handleStray(session, batch, row, now);
  }

  handleUnwanted(_path: Path, _now: number): void {}

  handlePathsChanged(session: Session, now: number): void {
    session.association.choosePaths(now);
    this.context.wake(session.association);
  }

  abstract handleHandshake(
    type: number,
    datagram: Uint8Array,
    batch: PacketBatch,
    row: number,
    now: number,
  ): void;
  abstract handleAuthentic(session: Session, now: number): boolean;
  abstract handleAddress(session: Session, body: Uint8Array, source: Source, now: number): void;
  abstract handleClose(session: Session, reason: number, now: number): void;
  handlePreferences(_session: Session, _body: Uint8Array, _source: Source, _now: number): boolean {
    return false;
  }
  handlePreferencesTaken(_session: Session, _body: Uint8Array): boolean {
    return false;
  }
  abstract handleNewPath(session: Session, pathId: number, source: Source, now: number): void;
  abstract snapshot(now: number, only?: readonly string[], page?: Page): Snapshot;
  protected abstract associations(): Iterable<Association>;
  protected abstract get census(): Census;

  sample(now: number, limit: number, also?: string): Sample {
    return this.sampler.sample(this.context.busy, this.associations(), this.census, now, limit, also);
  }

  abstract close(now: number): void;

  /** Everything that is due for one association. */
  protected runAssociation(association: Association, now: number): void {
    this.inbound.releaseOrdered(association, now);
    if (this.prober.run(association, now)) association.choosePaths(now);
    association.flushStreams(now);
  }

  /** When `runAssociation` is due again. */
  protected dueMs(association: Association, now: number): number {
    const streamsMs = association.streamsIfAny?.dueMs(now) ?? Number.POSITIVE_INFINITY;
    return Math.min(association.expiryMs, streamsMs, this.prober.dueMs(association, now));
  }

  /** Tells the peer that this end goes, over every path, twice: nobody will repeat it. */
  protected sayGoodbye(association: Association): void {
    const session = association.current;
    if (session === null) return;
    const body = new Uint8Array(2);
    writeClose(body, 0, CloseReason.GOING_AWAY);
    for (let copy = 0; copy < 2; copy++) this.commands.toAllPaths(session, body);
  }

  /** Arms anew what moved; to be called at the end of each input. */
  protected rearm(now: number): void {
    for (let association = this.moved.pop(); association !== undefined; association = this.moved.pop()) {
      association.flushStreams(now);
      association.isWoken = false;
      this.timers.arm(association, this.dueMs(association, now));
    }
  }

  /** A deadline that is due at once again would spin: time has to pass first. */
  private armLater(association: Association, now: number): void {
    this.timers.arm(association, Math.max(now + 1, this.dueMs(association, now)));
  }
}
