/** Tells the owner of the client when a path changes its state. */
import type { CoreEvent } from './events.ts';
import type { Path } from './path/path.ts';
import type { PathState } from './path/path-state.ts';

export class PathReports {
  private readonly states: (PathState | null)[] = [];

  constructor(private readonly events: CoreEvent[]) {}

  report(paths: readonly (Path | null)[]): void {
    for (let id = 0; id < paths.length; id++) {
      const path = paths[id];
      const state = path?.state ?? null;
      if (state === (this.states[id] ?? null)) continue;
      this.states[id] = state;
      if (path !== null) this.events.push(pathEvent(path));
    }
  }
}

function pathEvent({ id, interfaceName, state, rtt }: Path): CoreEvent {
  return { kind: 'path', path: id, interfaceName, state, rttMs: rtt.smoothedMs };
}
