/** The tunnel's network against those of this machine, which change with every WiFi: what is new is told once. */
import type { HostState } from './host-state.ts';
import { type HostWarning, overlapping } from './host-warnings.ts';

export class OverlapWatch {
  #told: readonly string[] = [];

  /** What was not there at the last look. `cidr`: address and length of the tunnel `tunName`. */
  look(state: HostState, cidr: string, tunName: string): HostWarning[] {
    const present = overlapping(state, cidr, tunName);
    const news = present.filter((network) => !this.#told.includes(`${cidr} ${network}`));
    this.#told = present.map((network) => `${cidr} ${network}`);
    return news.map((network) => ({
      what: `the tunnel's network ${cidr} overlaps ${network}`,
      why: 'hosts in both are reachable in one of them only, the one with the longer prefix',
      fix: 'give the server another --pool, or renumber the local network',
    }));
  }
}
