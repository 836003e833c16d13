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
    const present: { association: Association; bytes: number }[] = [];
    let peerCount = 0;
    for (const association of associations) {
      peerCount++;
      const bytes = this.count(association);
      if (association.sessions.isAny || association.name === also) present.push({ association, bytes });
    }
    const rank = ({ association: { name }, bytes }: (typeof present)[0]) =>
      name === also ? Infinity : bytes;
    if (present.length > limit) present.sort((a, b) => rank(b) - rank(a));
    return {
      atMs: now,
      peerCount,
      connectedCount: present.filter(({ association }) => association.sessions.isAny).length,
      sentBytes: this.sentBytes,
      receivedBytes: this.receivedBytes,
      peers: present.slice(0, limit).map(({ association }) => peerSample(association)),
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

function peerSample(association: Association): PeerSample {
  const { name, address4, sender, receivedBytes, duplicatesDropped, streams } = association;
  return {
    name,
    address: address4 === 0 ? null : formatIpv4(address4),
    isConnected: association.sessions.isAny,
    sentBytes: sender.sentBytes,
    receivedBytes,
    duplicatesDropped,
    streamCount: streams.count,
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
