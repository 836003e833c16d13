/** A set of numbers as sorted, disjoint half-open ranges. Few ranges are the rule: a stream has as many as it has holes. */
export class RangeSet {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];

  /** Ranges. */
  get size(): number {
    return this.starts.length;
  }

  start(index: number): number {
    return this.starts[index];
  }

  end(index: number): number {
    return this.ends[index];
  }

  /** Adds [from, to); returns how many of its numbers are new. */
  add(from: number, to: number): number {
    if (to <= from) return 0;
    const { starts, ends } = this;
    const last = starts.length - 1;
    // In order: the common case.
    if (last >= 0 && from === ends[last]) {
      ends[last] = to;
      return to - from;
    }
    const first = this.firstEndingAtOrAfter(from);
    let covered = 0;
    let next = first;
    let start = from;
    let end = to;
    for (; next < starts.length && starts[next] <= to; next++) {
      covered += Math.max(0, Math.min(to, ends[next]) - Math.max(from, starts[next]));
      start = Math.min(start, starts[next]);
      end = Math.max(end, ends[next]);
    }
    starts.splice(first, next - first, start);
    ends.splice(first, next - first, end);
    return to - from - covered;
  }

  remove(from: number, to: number): void {
    if (to <= from) return;
    const { starts, ends } = this;
    let at = this.firstEndingAtOrAfter(from);
    while (at < starts.length && starts[at] < to) {
      const start = starts[at];
      const end = ends[at];
      if (end <= from) at++;
      else if (start < from && end > to) {
        ends[at] = from;
        starts.splice(at + 1, 0, to);
        ends.splice(at + 1, 0, end);
        return;
      } else if (start < from) ends[at++] = from;
      else if (end > to) {
        starts[at] = to;
        return;
      } else {
        starts.splice(at, 1);
        ends.splice(at, 1);
      }
    }
  }

  has(number: number): boolean {
    return this.contains(number, number + 1);
  }

  /** True when every number of [from, to) is in. */
  contains(from: number, to: number): boolean {
    const at = this.firstEndingAtOrAfter(from + 1);
    return at < this.starts.length && this.starts[at] <= from && this.ends[at] >= to;
  }

  /** True when adding [from, to) makes no range more. */
  touches(from: number, to: number): boolean {
    const at = this.firstEndingAtOrAfter(from);
    return at < this.starts.length && this.starts[at] <= to;
  }

  clear(): void {
    this.starts.length = 0;
    this.ends.length = 0;
  }

  private firstEndingAtOrAfter(number: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle] < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
