/** Links from the kernel's own parts: veth pairs with `tc netem` at both ends, where the kernel has it. */
import type { EmulatorReport } from './emulator-protocol.ts';
import { DIRECTIONS, type Direction, type LinkSettings, PLAIN_LINK } from './link-settings.ts';
import { run } from './process.ts';
import type { LinkEnd, Shaper } from './shaper.ts';

/** Packets netem may hold, like the emulator's own bound. */
const LIMIT_PACKETS = 16_384;

interface End {
  readonly end: LinkEnd;
  settings: LinkSettings;
}

export class NetemShaper implements Shaper {
  /** By link and direction: the end whose sending side is shaped. */
  readonly #ends = new Map<string, Readonly<Record<Direction, End>>>();

  async connect(link: string, near: LinkEnd, far: LinkEnd): Promise<void> {
    await near.namespace.ip([
      `link add ${near.device} address ${near.mac} type veth peer name ${far.device} address ${far.mac} netns ${far.namespace.name}`,
    ]);
    this.#ends.set(link, {
      up: { end: near, settings: PLAIN_LINK },
      down: { end: far, settings: PLAIN_LINK },
    });
  }

  async unplug(link: string): Promise<void> {
    throw new Error(`${link}: a veth pair goes with both ends: use the emulator`);
  }

  plug(link: string): Promise<void> {
    return this.unplug(link);
  }

  async set(
    link: string,
    settings: Partial<LinkSettings>,
    directions: readonly Direction[] = DIRECTIONS,
  ): Promise<void> {
    const ends = this.#ends.get(link);
    if (!ends) throw new Error(`there is no link ${link}`);
    for (const direction of directions) {
      const side = ends[direction];
      side.settings = { ...side.settings, ...settings };
      const { namespace, device } = side.end;
      const words = ['qdisc', 'replace', 'dev', device, 'root', 'netem', ...netemWords(side.settings)];
      await run(['tc', '-n', namespace.name, ...words]);
    }
  }

  /** Counters belong to the emulator; the kernel's are in `tc -s qdisc`. */
  async report(): Promise<EmulatorReport> {
    throw new Error('netem keeps its own counters: see `tc -s qdisc` in the namespaces');
  }

  async stop(): Promise<void> {}
}

/** The arguments of `tc qdisc … netem`. Throws for what netem cannot do: dropping by size. */
export function netemWords(settings: LinkSettings): string[] {
  if (settings.mtuBytes !== PLAIN_LINK.mtuBytes)
    throw new Error('netem cannot drop by size: use the emulator');
  const words = ['limit', String(LIMIT_PACKETS)];
  const percent = (probability: number) => `${+(probability * 100).toFixed(4)}%`;
  if (settings.blackhole) return [...words, 'loss', '100%'];
  // netem reorders by sending some packets ahead of those that it delays.
  const delayMs = settings.delayMs || (settings.reorder > 0 ? settings.reorderMs : 0);
  if (delayMs > 0 || settings.jitterMs > 0) words.push('delay', `${delayMs}ms`, `${settings.jitterMs}ms`);
  if (settings.burstEnter > 0) {
    words.push('loss', 'gemodel', percent(settings.burstEnter), percent(settings.burstLeave));
  } else if (settings.loss > 0) {
    words.push('loss', percent(settings.loss));
  }
  if (settings.duplicate > 0) words.push('duplicate', percent(settings.duplicate));
  if (settings.reorder > 0) words.push('reorder', percent(settings.reorder));
  if (settings.rateBitsPerSecond > 0) words.push('rate', `${settings.rateBitsPerSecond}bit`);
  return words;
}
