/** The metrics of a daemon, where its configuration wants them. */
import type { MetricsAddress } from '../config/units.ts';
import type { Engine } from '../engine/engine-client.ts';
import { version } from '../version.ts';
import type { Life } from './lifecycle.ts';

/** Loads what it takes only when it is wanted. Throws `UserError`. */
export async function serveMetrics(
  address: MetricsAddress | undefined,
  engine: Pick<Engine, 'snapshot'>,
  life: Life,
): Promise<void> {
  if (address === undefined) return;
  const [{ MetricsServer }, { renderMetrics }] = await Promise.all([
    import('../metrics/metrics-server.ts'),
    import('../metrics/render.ts'),
  ]);
  const server = await MetricsServer.listen(address, async () =>
    renderMetrics(await engine.snapshot(), version()),
  );
  life.defer('metrics', () => server.close());
}
