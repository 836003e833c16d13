/** A snapshot in the text format of Prometheus. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { PathSnapshot, PeerSnapshot, Snapshot } from '../engine/messages.ts';
import { type Family, INSTANCE_FAMILIES, PATH_FAMILIES, PEER_FAMILIES } from './families.ts';
import { pathLabel } from './path-label.ts';

/** Every label is a time series for ever: clients beyond these, by name, are told of by their number alone. */
export const MAX_LABELLED_PEERS = 256;

type Labels = Readonly<Record<string, string>>;
type Sample<T> = readonly [labels: Labels, source: T];

/** `version` is the program's. */
export function renderMetrics(snapshot: Snapshot, version: string): Promise<string> {
  const registry = new Registry();
  const { role, policy, rejects, drops } = snapshot;
  const peers = [...snapshot.peers]
    .sort((a, b) => a.name.localeCompare(b.name))
    .slice(0, MAX_LABELLED_PEERS)
    .map((peer): Sample<PeerSnapshot> => [{ peer: peer.name }, peer]);
  const paths = peers.flatMap(([labels, peer]) =>
    peer.paths.map((path): Sample<PathSnapshot> => [{ ...labels, path: pathLabel(path) }, path]),
  );
  add(registry, info(version), [[{ version, role, policy }, snapshot]]);
  for (const family of INSTANCE_FAMILIES) add(registry, family, [[{}, snapshot]]);
  for (const family of PEER_FAMILIES) add(registry, family, peers);
  for (const family of PATH_FAMILIES) add(registry, family, paths);
  add(registry, byReason('resip_rejected_datagrams_total', 'Datagrams not taken.'), reasons(rejects));
  add(registry, byReason('resip_dropped_packets_total', 'Packets with nowhere to go.'), reasons(drops));
  return registry.metrics();
}

function add<T>(
  registry: Registry,
  { name, kind, help, read }: Family<T>,
  samples: readonly Sample<T>[],
): void {
  const known = samples.flatMap(([labels, source]) => {
    const value = read(source);
    return value === null ? [] : [{ labels, value }];
  });
  const labelNames = Object.keys(samples[0]?.[0] ?? {});
  const settings = { name, help, labelNames, registers: [registry] };
  if (kind === 'gauge') {
    const metric = new Gauge(settings);
    for (const { labels, value } of known) metric.set(labels, value);
  } else {
    const metric = new Counter(settings);
    for (const { labels, value } of known) metric.inc(labels, value);
  }
}

function info(version: string): Family<Snapshot> {
  return {
    name: 'resip_build_info',
    kind: 'gauge',
    help: `This program, version ${version}.`,
    read: () => 1,
  };
}

function byReason(name: string, help: string): Family<number> {
  return { name, kind: 'counter', help: `${help} By reason.`, read: (count) => count };
}

function reasons(counters: Readonly<Record<string, number>>): Sample<number>[] {
  return Object.entries(counters).map(([reason, count]) => [{ reason }, count]);
}
