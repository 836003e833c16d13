/** Asks the engine each second how it is, and keeps the answers. */
import type { Engine } from '../engine/engine-client.ts';
import type { TrendsAnswer, TrendsRequest } from './answer.ts';
import { PERIOD_MS, Trends, type TrendsClock } from './trends.ts';

/** Clients in one sample. */
const PEERS_PER_SAMPLE = 64;
/** A peer that somebody looks at is in the samples for so long after the look. */
const WATCHED_MS = 10_000;

export class Recorder {
  readonly #trends: Trends;
  readonly #timer: NodeJS.Timeout;
  #watched: string | undefined;
  #watchedUntilMs = 0;
  #isAsking = false;

  constructor(
    private readonly engine: Pick<Engine, 'sample'>,
    private readonly clock: TrendsClock,
    /** A peer that is in every sample, with or without a session: a client's server. */
    private readonly always?: string,
  ) {
    this.#trends = new Trends(clock);
    this.#timer = setInterval(() => void this.#look(), PERIOD_MS);
    this.#timer.unref();
    void this.#look();
  }

  answer(request: TrendsRequest): TrendsAnswer {
    if (request.peer !== undefined) {
      this.#watched = request.peer;
      this.#watchedUntilMs = this.clock.bootMs() + WATCHED_MS;
    }
    return this.#trends.answer(request);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** A sample that is late is a gap, not two at once. */
  async #look(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const watched = this.clock.bootMs() < this.#watchedUntilMs ? this.#watched : this.always;
    this.#trends.push(await this.engine.sample(PEERS_PER_SAMPLE, watched).catch(() => null));
    this.#isAsking = false;
  }
}
