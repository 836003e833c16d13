/**
 * What is drawn over time: a few numbers per client and path, cheap enough to be asked for every second, also of a server with
 * thousands of clients: only those are looked at that carried something. Those without a place in a sample still count in its sums.
 */
import type { Association } from './association/association.ts';
import type { Path } from './path/path.ts';
import type { PathSample, PeerSample, Sample } from './snapshot.ts';
import { formatEndpoint } from './snapshots.ts';
import { formatIpv4 } from './wire/ip-text.ts';

/** How many there are. */
export interface Census {
  readonly peerCount: number;
  /** Of these, with a session. */
  readonly connectedCount: number;
}

export class Sampler {
  /** All that was ever carried; clients that were forgotten stay counted. */
  private sentBytes = 0;
  private receivedBytes = 0;

  /**
   * Those with a session, at most `limit`: the busiest since the last sample; `also`, a name, is among them whatever it does. `busy`
   * may have carried something since: only they are looked at closely, and those that did not are taken out.
   */
  sample(
    busy: Set<Association>,
    all: Iterable<Association>,
    census: Census,
    now: number,
    limit: number,
    also?: string,
  ): Sample {
    const busiest: Association[] = this.rank(busy, limit);
    if (also !== undefined) include(busiest, all, also, limit);
    fill(busiest, all, Math.min(limit, census.connectedCount));
    return {
      ...census,
      atMs: now,
      sentBytes: this.sentBytes,
      receivedBytes: this.receivedBytes,
      peers: busiest.map((association) => peerSample(association)),
    };
  }

  private rank(busy: Set<Association>, limit: number): Association[] {
    const busiest: Ranked[] = [];
    for (const association of busy) {
      const rank = this.count(association);
      if (rank === 0) busy.delete(association);
      else if (association.sessions.isAny) insert(busiest, { association, rank }, limit);
    }
    return busiest.map(({ association }) => association);
  }

  /** Adds what is new to the sums; returns how much it is. */
  private count(association: Association): number {
    const { sampled, sender, receivedBytes } = association;
    const sent = sender.sentBytes - sampled.sentBytes;
    const received = receivedBytes - sampled.receivedBytes;
    sampled.sentBytes = sender.sentBytes;
    sampled.receivedBytes = receivedBytes;
    this.sentBytes += sent;
    this.receivedBytes += received;
    return sent + received;
  }
}

/** The one of that name in the first place. */
function include(chosen: Association[], all: Iterable<Association>, name: string, limit: number): void {
  for (const association of all) {
    if (association.name !== name) continue;
    const at = chosen.indexOf(association);
    if (at >= 0) chosen.splice(at, 1);
    chosen.unshift(association);
    if (chosen.length > limit) chosen.pop();
    return;
  }
}

/** Places that are left go to those with a session. */
function fill(chosen: Association[], all: Iterable<Association>, places: number): void {
  if (chosen.length >= places) return;
  const isChosen = new Set(chosen);
  for (const association of all) {
    if (!association.sessions.isAny || isChosen.has(association)) continue;
    chosen.push(association);
    if (chosen.length >= places) return;
  }
}

interface Ranked {
  readonly association: Association;
  readonly rank: number;
}

/** Keeps `best` sorted, highest first, and no longer than `limit`: of thousands only a few find a place. */
function insert(best: Ranked[], entry: Ranked, limit: number): void {
  let at = best.length;
  while (at > 0 && best[at - 1].rank < entry.rank) at--;
  if (at >= limit) return;
  best.splice(at, 0, entry);
  if (best.length > limit) best.pop();
}

function peerSample(association: Association): PeerSample {
  const { name, address4, sender, receivedBytes, duplicatesDropped, streamsIfAny } = association;
  return {
    name,
    address: address4 === 0 ? null : formatIpv4(address4),
    isConnected: association.sessions.isAny,
    sentBytes: sender.sentBytes,
    receivedBytes,
    duplicatesDropped,
    streamCount: streamsIfAny?.count ?? 0,
    paths: association.paths
      .filter((path) => path !== null)
      .map((path) => pathSample(path, association.arrivals.savedPackets[path.id])),
  };
}

function pathSample(path: Path, savedPackets: number): PathSample {
  return {
    path: path.id,
    ...(path.interfaceName === '' ? {} : { interfaceName: path.interfaceName }),
    remote: formatEndpoint(path.row.words, path.row.addressAt),
    state: path.state,
    rttMs: path.rtt.smoothedMs,
    lossOut: path.outflow.loss.fraction,
    lossIn: path.inflow.loss.fraction,
    sentBytes: path.row.sentBytes,
    receivedBytes: path.inflow.bytes,
    firstArrivals: path.inflow.firsts,
    savedPackets,
  };
}
