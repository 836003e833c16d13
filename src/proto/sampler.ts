/**
 * What is drawn over time: a few numbers per client and path, cheap enough to be asked for every second, also of a server with
 * thousands of clients. Those without a place in a sample still count in its sums.
 */
import type { Association } from './association/association.ts';
import type { Path } from './path/path.ts';
import type { PathSample, PeerSample, Sample } from './snapshot.ts';
import { formatEndpoint } from './snapshots.ts';
import { formatIpv4 } from './wire/ip-text.ts';

export class Sampler {
  /** By slot: the bytes of the last sample. */
  private readonly sentBefore: Float64Array;
  private readonly receivedBefore: Float64Array;
  /** All that was ever carried; clients that were forgotten stay counted. */
  private sentBytes = 0;
  private receivedBytes = 0;

  constructor(maxPeers: number) {
    this.sentBefore = new Float64Array(maxPeers);
    this.receivedBefore = new Float64Array(maxPeers);
  }

  /** Those with a session, at most `limit`: the busiest since the last sample; `also`, a name, is among them whatever it does. */
  sample(associations: Iterable<Association>, now: number, limit: number, also?: string): Sample {
    const busiest: Ranked[] = [];
    let connectedCount = 0;
    let peerCount = 0;
    for (const association of associations) {
      peerCount++;
      const bytes = this.count(association);
      const isConnected = association.sessions.isAny;
      if (isConnected) connectedCount++;
      const isWanted = association.name === also;
      if (isConnected || isWanted)
        insert(busiest, { association, rank: isWanted ? Number.POSITIVE_INFINITY : bytes }, limit);
    }
    return {
      atMs: now,
      peerCount,
      connectedCount,
      sentBytes: this.sentBytes,
      receivedBytes: this.receivedBytes,
      peers: busiest.map(({ association }) => peerSample(association)),
    };
  }

  /** Adds what is new to the sums; returns how much it is. A count that fell belongs to another client in the same slot. */
  private count({ slot, sender: { sentBytes }, receivedBytes }: Association): number {
    const sent = sentBytes - this.sentBefore[slot];
    const received = receivedBytes - this.receivedBefore[slot];
    const newSent = sent < 0 ? sentBytes : sent;
    const newReceived = received < 0 ? receivedBytes : received;
    this.sentBefore[slot] = sentBytes;
    this.receivedBefore[slot] = receivedBytes;
    this.sentBytes += newSent;
    this.receivedBytes += newReceived;
    return newSent + newReceived;
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
