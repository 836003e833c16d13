/** A dashboard from its parts. */
import { hostname } from 'node:os';
import type { LoopbackAddress } from '../config/units.ts';
import type { Snapshot } from '../engine/messages.ts';
import type { TrendsAnswer, TrendsRequest } from '../trends/answer.ts';
import { version } from '../version.ts';
import { chooseToken, writeAddress } from './address-file.ts';
import { loadAssets } from './assets.ts';
import { DashboardServer } from './dashboard-server.ts';
import type { DashboardData } from './data.ts';

export interface DashboardSource {
  status(only?: readonly string[]): Promise<Snapshot>;
  trends(request: TrendsRequest): TrendsAnswer;
}

/** Throws `UserError`. */
export async function startDashboard(
  address: LoopbackAddress,
  stateDir: string,
  source: DashboardSource,
): Promise<DashboardServer> {
  const server = await DashboardServer.listen(address, {
    token: chooseToken(stateDir),
    assets: await loadAssets(),
    data: (query) => look(query, source),
  });
  await writeAddress(stateDir, server.url);
  return server;
}

/** `from`: number of the first sample that the page has not; `peer`: a server's client that it shows. */
export async function look(query: URLSearchParams, source: DashboardSource): Promise<DashboardData> {
  const from = /^\d{1,15}$/.test(query.get('from') ?? '') ? Number(query.get('from')) : 0;
  const peer = query.get('peer') ?? undefined;
  const snapshot = await source.status(peer === undefined ? [] : [peer]);
  return { version: version(), machine: hostname(), snapshot, trends: source.trends({ from, peer }) };
}
