/** Server: which clients have a session, and which of their paths work; told when it changes. */
import type { Association } from './association/association.ts';
import type { CoreEvent } from './events.ts';
import type { Path } from './path/path.ts';
import { formatEndpoint } from './snapshots.ts';

export class PeerReports {
  /** By slot: what was told last. */
  private readonly suites: (string | null)[];
  /** By slot, a bit per path. A path that doubts is up until it is down. */
  private readonly upMasks: Uint8Array;
  /** Clients with a session. */
  connectedCount = 0;

  constructor(
    private readonly events: CoreEvent[],
    slots: number,
  ) {
    this.suites = new Array(slots).fill(null);
    this.upMasks = new Uint8Array(slots);
  }

  /** To be called when sessions or paths may have changed. */
  look(association: Association): void {
    this.lookAtSession(association);
    const before = this.upMasks[association.slot];
    let upMask = 0;
    for (let id = 0; id < association.paths.length; id++) {
      const path = association.paths[id];
      const wasUp = (before & (1 << id)) !== 0;
      if (path !== null && (path.state === 'up' || (wasUp && path.state !== 'down'))) upMask |= 1 << id;
    }
    if (upMask === before) return;
    this.upMasks[association.slot] = upMask;
    for (let id = 0, changed = upMask ^ before; changed !== 0; id++, changed >>>= 1)
      if ((changed & 1) !== 0)
        this.tellPath(association, id, association.paths[id], (upMask & (1 << id)) !== 0);
  }

  private lookAtSession({ slot, key: publicKey, name, current }: Association): void {
    const before = this.suites[slot];
    if ((before === null) === (current === null)) return;
    this.suites[slot] = current?.suiteName ?? null;
    this.connectedCount += current === null ? -1 : 1;
    const state = current === null ? 'lost' : 'established';
    const suite = current?.suiteName ?? before ?? '';
    this.events.push({ kind: 'peer-session', publicKey, name, state, suite });
  }

  private tellPath(
    { key: publicKey, name }: Association,
    path: number,
    known: Path | null,
    isUp: boolean,
  ): void {
    const remote = known === null ? null : formatEndpoint(known.row.words, known.row.addressAt);
    const rttMs = known?.rtt.smoothedMs ?? null;
    const state = isUp ? 'up' : 'down';
    this.events.push({ kind: 'peer-path', publicKey, name, path, remote, state, rttMs });
  }
}
