/** All simulated clients of one process: the clock, and who connects when. */
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import { loadNative } from '../../../src/native/native.ts';
import { withNative } from '../../../src/native/native-primitives.ts';
import { ADDRESS_WORDS } from '../../../src/proto/packet-batch.ts';
import { NetworkLayer } from '../../../src/proto/session/network-layer.ts';
import { TimerQueue } from '../../../src/proto/timer-queue.ts';
import { parseAddress } from '../../../src/udp/address.ts';
import { pause } from '../../netns/lab/process.ts';
import type { ConnectResult, GeneratorOptions } from './messages.ts';
import { clientKeys } from './population.ts';
import { type Shared, SimClient } from './sim-client.ts';

/** Handshakes that make no headway for so long are given up. */
const STALLED_MS = 15_000;
/** Clients wait for their deadlines at least this long: waking up for each one costs more. */
const TICK_MS = 2;

export type PacketHandler = (client: SimClient, bytes: Uint8Array, offset: number, length: number) => void;

export class Crowd {
  readonly clients: SimClient[] = [];
  /** The first so many were told to connect. */
  private connected = 0;
  onPacket: PacketHandler = () => undefined;
  private onConnected: (client: SimClient) => void = () => undefined;
  private readonly ticker: NodeJS.Timeout;

  private constructor(
    readonly options: GeneratorOptions,
    private readonly shared: Shared,
  ) {
    this.ticker = setInterval(() => this.tick(), TICK_MS);
  }

  static async create(options: GeneratorOptions): Promise<Crowd> {
    const native = loadNative();
    const primitives = withNative(native, await loadPrimitives());
    const endpoint = new Int32Array(ADDRESS_WORDS);
    parseAddress(options.endpoint.address, options.endpoint.port, endpoint);
    let crowd: Crowd;
    const shared: Shared = {
      native,
      primitives,
      network: new NetworkLayer(primitives, Buffer.from(options.networkKey, 'base64')),
      serverPublicKey: Buffer.from(options.serverPublicKey, 'base64'),
      endpoint,
      timers: new TimerQueue<SimClient>(),
      handleConnected: (client) => crowd.onConnected(client),
      handlePacket: (client, bytes, offset, length) => crowd.onPacket(client, bytes, offset, length),
    };
    crowd = new Crowd(options, shared);
    return crowd;
  }

  make(from: number, to: number): void {
    for (let index = from; index < to; index++)
      this.clients.push(new SimClient(index, clientKeys(this.options.seed, index), this.shared));
  }

  /** The next `count`, `inFlight` handshakes at once. */
  connect(count: number, inFlight: number): Promise<ConnectResult> {
    const fresh = this.clients.slice(this.connected, this.connected + count);
    this.connected += fresh.length;
    return this.run(
      fresh,
      (client, now) => client.connect(now),
      (_elapsedMs, done) => done + inFlight,
    );
  }

  /** `perSecond` 0 = all at once. */
  reconnect(count: number, perSecond: number): Promise<ConnectResult> {
    const chosen = this.clients.slice(0, this.connected).slice(-count);
    return this.run(
      chosen,
      (client, now) => client.reconnect(now),
      (elapsedMs) => (perSecond === 0 ? count : (elapsedMs * perSecond) / 1000),
    );
  }

  close(): void {
    clearInterval(this.ticker);
    for (const client of this.clients) client.end();
  }

  /** `allowed` says how many may have been started by now. */
  private async run(
    chosen: readonly SimClient[],
    start: (client: SimClient, now: number) => void,
    allowed: (elapsedMs: number, done: number) => number,
  ): Promise<ConnectResult> {
    const beganMs = performance.now();
    const startedMs = new Map<SimClient, number>();
    const tookMs: number[] = [];
    let lastMs = beganMs;
    this.onConnected = (client) => {
      const since = startedMs.get(client);
      if (since === undefined) return;
      lastMs = performance.now();
      tookMs.push(lastMs - since);
    };
    let started = 0;
    while (tookMs.length < chosen.length && performance.now() - lastMs < STALLED_MS) {
      const limit = Math.min(chosen.length, allowed(performance.now() - beganMs, tookMs.length));
      for (; started < limit; started++) {
        const now = performance.now();
        startedMs.set(chosen[started], now);
        start(chosen[started], now);
      }
      await pause(1);
    }
    return { wanted: chosen.length, seconds: (lastMs - beganMs) / 1000, tookMs };
  }

  private tick(): void {
    const { timers } = this.shared;
    const now = performance.now();
    for (let client = timers.take(now); client !== null; client = timers.take(now)) client.handleTimeout(now);
  }
}
