/** Numbers as people read them. */

/** `12,345` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `950 B`, `16.2 MB`: powers of 1,000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let scaled = bytes;
  let unit = 0;
  while (scaled >= 999.95 && unit < units.length - 1) {
    scaled /= 1_000;
    unit++;
  }
  return `${unit === 0 ? scaled : scaled.toFixed(1)} ${units[unit]}`;
}

const SPANS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** `340 ms`, `12 s`, `3 h 12 min`: the two largest units. */
export function formatSpan(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  let rest = ms;
  const parts: string[] = [];
  for (const [unitMs, name] of SPANS) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    // The unit after the largest one counts even when it is zero: `3 h`, never `3 h 20 s`.
    if (count > 0 && parts.length < 2) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
  }
  return parts.join(' ');
}

/** `21.3 ms`, `612 ms`, with its variation `21.3 ±0.4 ms`; `-` when unknown. */
export function formatRtt(ms: number | null, variationMs: number | null = null): string {
  if (ms === null) return '-';
  const show = (value: number) => (ms < 100 ? value.toFixed(1) : String(Math.round(value)));
  return `${show(ms)}${variationMs === null ? '' : ` ±${show(variationMs)}`} ms`;
}

/** A fraction 0..1 as per cent, `-` when unknown. */
export function formatFraction(fraction: number | null): string {
  return fraction === null ? '-' : `${(100 * fraction).toFixed(1)} %`;
}

/** Enough of a key to tell it from others. */
export function shortenKey(key: string): string {
  return key.length <= 10 ? key : `${key.slice(0, 8)}…`;
}

/** `950 bit/s`, `16.2 Mbit/s`, from bytes; `-` when unknown. */
export function formatRate(bytesPerSecond: number | null): string {
  if (bytesPerSecond === null) return '-';
  return `${formatBytes(8 * bytesPerSecond).replace(/B$/, 'bit')}/s`;
}
