/**
 * The emulator's data plane: frames read from one TAP device wait in the delay line and leave on the other.
 *
 *   near (client) ── up ──▶ far (router)
 *                 ◀─ down ─
 *
 * Time resolution is one millisecond (a libuv timer); frames without delay pass at once, in the same batch.
 */
import { type Addon, loadAddon } from '../../../src/native/addon.ts';
import { PacketBatch, Verdict } from '../../../src/proto/packet-batch.ts';
import { DelayLine, SLOT_BYTES } from './delay-line.ts';
import type { DirectionReport, EmulatorReport, LinkReport } from './emulator-protocol.ts';
import { LinkModel } from './link-model.ts';
import type { Direction, LinkSettings } from './link-settings.ts';
import { seededRandom } from './random.ts';

/** Frames that may wait in all links together (24 MB): 300 Mbit/s over 600 ms of delay. */
const WAITING_FRAMES = 16_384;
const BATCH_FRAMES = 256;
/** A timer fires up to a millisecond late; frames may leave this much early, so that the mean is right. */
const EARLY_MS = 0.5;

/** One end of a link: the TAP device's handle, null while it is unplugged. */
interface Port {
  handle: number | null;
}

interface Route {
  readonly link: string;
  readonly direction: Direction;
  readonly input: Port;
  readonly output: Port;
  readonly model: LinkModel;
  /** Frames that are due and leave together. */
  readonly due: RegisteredBatch;
  delivered: number;
  /** Frames of this route in the delay line. */
  waiting: number;
}

interface RegisteredBatch {
  readonly batch: PacketBatch;
  readonly handle: number;
}

export class Wire {
  readonly #addon: Addon = loadAddon();
  readonly #line = new DelayLine(WAITING_FRAMES);
  readonly #routes: Route[] = [];
  readonly #incoming = this.#register();
  readonly #seed: number;
  #timer: NodeJS.Timeout | null = null;
  #timerDueMs = Number.POSITIVE_INFINITY;

  /** Each direction of each link throws its own dice, made from `seed`. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Makes both devices. Throws the addon's error, for instance when a name is taken. */
  open(link: string, near: string, far: string): void {
    const nearPort: Port = { handle: null };
    const farPort: Port = { handle: null };
    this.#plug(this.#addRoute(link, 'up', nearPort, farPort), near);
    this.#plug(this.#addRoute(link, 'down', farPort, nearPort), far);
  }

  /** The client's device vanishes, wherever it was moved; what is under way to it is lost. */
  unplug(link: string): void {
    const { input } = this.#routes[this.#indexOf(link)];
    if (input.handle !== null) this.#addon.tunClose(input.handle);
    input.handle = null;
  }

  /** Another device in its place. */
  plug(link: string, near: string): void {
    this.unplug(link);
    this.#plug(this.#indexOf(link), near);
  }

  #indexOf(link: string): number {
    const index = this.#routes.findIndex((route) => route.link === link && route.direction === 'up');
    if (index < 0) throw new Error(`there is no link ${link}`);
    return index;
  }

  #plug(index: number, name: string): void {
    const { handle } = this.#addon.tunOpen({ name, tap: true });
    this.#routes[index].input.handle = handle;
    this.#addon.watch(handle, () => this.#read(index));
  }

  /** Throws when there is no such link. */
  set(link: string, directions: readonly Direction[], settings: Partial<LinkSettings>): void {
    const routes = this.#routes.filter((route) => route.link === link);
    if (routes.length === 0) throw new Error(`there is no link ${link}`);
    for (const route of routes) if (directions.includes(route.direction)) route.model.change(settings);
  }

  report(): EmulatorReport {
    const links: Record<string, LinkReport> = {};
    for (const route of this.#routes) {
      const report: DirectionReport = {
        ...route.model.counters,
        settings: route.model.settings,
        delivered: route.delivered,
      };
      links[route.link] = { ...links[route.link], [route.direction]: report };
    }
    return { links, refused: this.#line.refused };
  }

  #register(): RegisteredBatch {
    const batch = new PacketBatch({ capacity: BATCH_FRAMES, arenaBytes: BATCH_FRAMES * (SLOT_BYTES + 64) });
    const { arena, columns, capacity, trainSocket, trainAddress, trains } = batch;
    return {
      batch,
      handle: this.#addon.registerBatch(arena, columns, capacity, trainSocket, trainAddress, trains),
    };
  }

  #addRoute(link: string, direction: Direction, input: Port, output: Port): number {
    const random = seededRandom(this.#seed + this.#routes.length * 7919);
    const model = new LinkModel(random);
    const route: Route = {
      link,
      direction,
      input,
      output,
      model,
      due: this.#register(),
      delivered: 0,
      waiting: 0,
    };
    return this.#routes.push(route) - 1;
  }

  #read(index: number): void {
    const route = this.#routes[index];
    const { batch, handle } = this.#incoming;
    if (route.input.handle === null) return;
    batch.clear();
    const rows = Math.floor(this.#addon.tunRead(route.input.handle, handle, 0, 0) / 2 ** 32);
    const nowMs = performance.now();
    for (let row = 0; row < rows; row += 1) this.#decide(route, index, row, nowMs);
    this.#write(route, handle, rows);
    this.#arm(nowMs);
  }

  /** A frame that is due at once stays in the batch; the others wait. */
  #decide(route: Route, index: number, row: number, nowMs: number): void {
    const { batch } = this.#incoming;
    const length = batch.length[row];
    const copies = route.model.offer(nowMs, length);
    const [first] = route.model.arrivals;
    const atOnce = copies > 0 && first <= nowMs && route.waiting === 0;
    batch.verdict[row] = atOnce ? Verdict.DELIVER : Verdict.DROP;
    for (let copy = atOnce ? 1 : 0; copy < copies; copy += 1) {
      const before = this.#line.size;
      this.#line.push(route.model.arrivals[copy], index, batch.arena, batch.offset[row], length);
      route.waiting += this.#line.size - before;
    }
  }

  #arm(nowMs: number): void {
    const dueMs = this.#line.nextDueMs;
    if (dueMs >= this.#timerDueMs) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, Math.round(dueMs - nowMs)));
  }

  #tick(): void {
    this.#timer = null;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    let frame = this.#line.pop(nowMs + EARLY_MS);
    while (frame) {
      const route = this.#routes[frame.route];
      const { batch } = route.due;
      route.waiting -= 1;
      if (batch.count === batch.capacity) this.#flush(route);
      const row = batch.append(frame.length);
      const { slab } = this.#line;
      batch.arena.set(slab.subarray(frame.offset, frame.offset + frame.length), batch.offset[row]);
      batch.verdict[row] = Verdict.DELIVER;
      frame = this.#line.pop(nowMs + EARLY_MS);
    }
    for (const route of this.#routes) this.#flush(route);
    this.#arm(performance.now());
  }

  #flush(route: Route): void {
    const { batch, handle } = route.due;
    if (batch.count === 0) return;
    this.#write(route, handle, batch.count);
    batch.clear();
  }

  #write(route: Route, batchHandle: number, rows: number): void {
    if (route.output.handle === null) return;
    route.delivered += this.#addon.tunWrite(route.output.handle, batchHandle, rows);
  }
}
