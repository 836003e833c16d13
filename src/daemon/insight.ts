/** What a daemon tells about itself: as it is now, over the past minutes, to Prometheus, and in a browser. */
import { z } from 'zod';
import type { CommonConfig } from '../config/common-config.ts';
import type { LoopbackAddress, MetricsAddress } from '../config/units.ts';
import type { Handler } from '../control/protocol.ts';
import type { Engine } from '../engine/engine-client.ts';
import type { Snapshot } from '../engine/messages.ts';
import type { TrendsAnswer, TrendsRequest } from '../trends/answer.ts';
import { Recorder } from '../trends/recorder.ts';
import { version } from '../version.ts';
import type { Life } from './lifecycle.ts';
import { systemClock } from './standstill.ts';

const MAX_NAMES = 64;

const statusRequest = z.object({ only: z.array(z.string()).max(MAX_NAMES).optional() });

const trendsRequest = z.object({
  from: z.int().min(0).optional(),
  last: z.int().min(0).optional(),
  peer: z.string().optional(),
});

export interface InsightParts {
  readonly engine: Pick<Engine, 'snapshot' | 'sample'>;
  /** Adds what the engine does not know. */
  readonly complete?: (snapshot: Snapshot) => Snapshot;
  /** See `Recorder`. */
  readonly always?: string;
}

export class Insight {
  readonly #parts: InsightParts;
  readonly #recorder: Recorder;
  #dashboardUrl: string | null = null;

  constructor(parts: InsightParts, life: Life) {
    this.#parts = parts;
    const clock = { bootMs: systemClock.bootMs, wallMs: Date.now };
    this.#recorder = new Recorder(parts.engine, clock, parts.always);
    life.defer('trends', () => this.#recorder.close());
  }

  /** `only`: peers of these names; absent = all. Rejects when the engine does not answer. */
  async status(only?: readonly string[]): Promise<Snapshot> {
    const snapshot = await this.#parts.engine.snapshot(only);
    return this.#parts.complete?.(snapshot) ?? snapshot;
  }

  trends(request: TrendsRequest): TrendsAnswer {
    return this.#recorder.answer(request);
  }

  /** For the control socket. */
  get handlers(): Readonly<Record<string, Handler>> {
    return {
      status: async (request) => this.status(statusRequest.parse(request).only),
      dashboard: async () => ({ url: this.#dashboardUrl }),
      trends: async (request) => this.trends(trendsRequest.parse(request)),
    };
  }

  /** Metrics and dashboard, where they are wanted. Throws `UserError`. */
  async serve(config: CommonConfig, life: Life): Promise<void> {
    if (config.metrics !== undefined) await this.#serveMetrics(config.metrics, life);
    if (config.dashboard !== undefined) await this.#serveDashboard(config.dashboard, config.stateDir, life);
  }

  async #serveMetrics(address: MetricsAddress, life: Life): Promise<void> {
    const [{ MetricsServer }, { renderMetrics }] = await Promise.all([
      import('../metrics/metrics-server.ts'),
      import('../metrics/render.ts'),
    ]);
    const server = await MetricsServer.listen(address, async () =>
      renderMetrics(await this.status(), version()),
    );
    life.defer('metrics', () => server.close());
  }

  async #serveDashboard(address: LoopbackAddress, stateDir: string, life: Life): Promise<void> {
    const { startDashboard } = await import('../dashboard/start-dashboard.ts');
    const server = await startDashboard(address, stateDir, this);
    this.#dashboardUrl = server.url;
    life.defer('dashboard', () => server.close());
  }
}
