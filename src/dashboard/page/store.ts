/** The past as the page has it: each answer brings what is new and is added at the end. */
import type { Column, PathTrend, TrendsAnswer } from '../../trends/answer.ts';

type Columns = Readonly<Record<string, Column>>;

export class Store {
  #all: TrendsAnswer | null = null;

  /** Number of the first sample that is not here. */
  get next(): number {
    return this.#all === null ? 0 : this.#all.first + this.#all.atMs.length;
  }

  /** Everything, as one answer to a page that had nothing would be. Null before the first. */
  get all(): TrendsAnswer | null {
    return this.#all;
  }

  clear(): void {
    this.#all = null;
  }

  /** False: the answer does not follow on what is here, and all of it has to be asked for again. */
  add(answer: TrendsAnswer): boolean {
    const before = this.#all;
    if (before === null) {
      this.#all = answer;
      return true;
    }
    if (before.run !== answer.run || answer.first !== this.next) {
      this.clear();
      return false;
    }
    const length = before.atMs.length + answer.atMs.length;
    const join = <T extends object>(old: T | undefined, added: T): T =>
      joined(old, added, length, answer.capacity);
    const atMs = [...before.atMs, ...answer.atMs].slice(-answer.capacity);
    this.#all = {
      ...answer,
      first: answer.first + answer.atMs.length - atMs.length,
      atMs,
      total: join(before.total, answer.total),
      peers: answer.peers.map((peer) => {
        const old = before.peers.find(({ name }) => name === peer.name);
        const addPath = (path: PathTrend): PathTrend => {
          // Of a peer that is not shown there are no columns.
          if (path.columns.level.length < answer.atMs.length) return path;
          const known = old?.paths.find(({ name }) => name === path.name);
          return { ...path, columns: join(known?.columns, path.columns) };
        };
        return { ...peer, columns: join(old?.columns, peer.columns), paths: peer.paths.map(addPath) };
      }),
    };
    return true;
  }
}

/** Column by column; what was not there before begins with unknowns. */
function joined<T extends object>(old: T | undefined, added: T, length: number, capacity: number): T {
  const past = (old ?? {}) as Columns;
  const columns = Object.entries(added as Columns).map(([name, values]) => {
    const before = past[name] ?? [];
    const missing = Math.max(0, length - before.length - values.length);
    return [name, [...new Array(missing).fill(null), ...before, ...values].slice(-capacity)];
  });
  return Object.fromEntries(columns) as T;
}
