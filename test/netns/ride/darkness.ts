/** When no link worked, from what was done to them. Times are milliseconds since the epoch. */
import type { LinkName } from './script.ts';

export interface Darkness {
  /** The last working link went. */
  readonly fromMs: number;
  /** The first link works again, and which. */
  readonly untilMs: number;
  readonly link: LinkName;
  /** Nobody was told that it works again: it has to be found by probing. */
  readonly isSilent: boolean;
}

export class LinkHealth {
  readonly darkness: Darkness[] = [];
  readonly #dead = new Set<LinkName>();
  #darkSinceMs: number | undefined;

  constructor(private readonly links: readonly LinkName[]) {}

  handleDead(link: LinkName, nowMs: number): void {
    this.#dead.add(link);
    if (this.#dead.size === this.links.length) this.#darkSinceMs ??= nowMs;
  }

  handleAlive(link: LinkName, isSilent: boolean, nowMs: number): void {
    this.#dead.delete(link);
    if (this.#darkSinceMs === undefined) return;
    this.darkness.push({ fromMs: this.#darkSinceMs, untilMs: nowMs, link, isSilent });
    this.#darkSinceMs = undefined;
  }
}
