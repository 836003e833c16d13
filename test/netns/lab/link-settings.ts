/** What a link does to packets in one direction, and how a person writes it down (`delay=20 loss=0.3`). */

export interface LinkSettings {
  /** One way, milliseconds. */
  readonly delayMs: number;
  /** Extra delay, uniform in 0 … jitterMs; keeps the order, as a queue does. */
  readonly jitterMs: number;
  /** Probability 0..1 that a packet is lost, each on its own. */
  readonly loss: number;
  /** Gilbert-Elliott: probability per packet that a burst begins, in which everything is lost; 0 = no bursts. */
  readonly burstEnter: number;
  /** Probability per packet that the burst ends: mean burst length is 1 / burstLeave packets. */
  readonly burstLeave: number;
  /** Bits per second of whole Ethernet frames; 0 = unlimited. */
  readonly rateBitsPerSecond: number;
  /** Bytes that may wait for the rate; what does not fit is dropped (drop tail). */
  readonly queueBytes: number;
  /** Probability 0..1 that a packet arrives twice. */
  readonly duplicate: number;
  /** Probability 0..1 that a packet is held back by `reorderMs`, so that later ones overtake it. */
  readonly reorder: number;
  readonly reorderMs: number;
  /** Everything vanishes, and nobody is told. */
  readonly blackhole: boolean;
  /** IP packets larger than this vanish without an ICMP message. */
  readonly mtuBytes: number;
}

export const PLAIN_LINK: LinkSettings = Object.freeze({
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  burstEnter: 0,
  burstLeave: 0.25,
  rateBitsPerSecond: 0,
  queueBytes: 262_144,
  duplicate: 0,
  reorder: 0,
  reorderMs: 10,
  blackhole: false,
  mtuBytes: 1500,
});

export type Direction = 'up' | 'down';
export const DIRECTIONS: readonly Direction[] = ['up', 'down'];

/** Short names for the prompt. */
const ALIASES: Readonly<Record<string, keyof LinkSettings>> = {
  delay: 'delayMs',
  jitter: 'jitterMs',
  rate: 'rateBitsPerSecond',
  queue: 'queueBytes',
  mtu: 'mtuBytes',
};

const PROBABILITIES = new Set(['loss', 'burstEnter', 'burstLeave', 'duplicate', 'reorder']);
const SCALES: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/**
 * Reads words such as `loss=0.3`, `rate=50M`, `blackhole=on`.
 * Throws an `Error` that names every word that makes no sense.
 */
export function parseLinkSettings(words: readonly string[]): Partial<LinkSettings> {
  const settings: Record<string, number | boolean> = {};
  const complaints: string[] = [];
  for (const word of words) {
    const [name, text] = splitOnce(word);
    const key = ALIASES[name] ?? name;
    const value = key === 'blackhole' ? parseSwitch(text) : parseNumber(text);
    if (!(key in PLAIN_LINK))
      complaints.push(`${name}: unknown; known: ${Object.keys(PLAIN_LINK).join(', ')}`);
    else if (value === null) complaints.push(`${name}: "${text}" is not a value for it`);
    else if (PROBABILITIES.has(key) && Number(value) > 1)
      complaints.push(`${name}: expected 0 … 1, got ${text}`);
    else settings[key] = value;
  }
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return settings;
}

function splitOnce(word: string): [string, string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
}

function parseNumber(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  return match ? Number(match[1]) * SCALES[match[2]] : null;
}

function parseSwitch(text: string): boolean | null {
  if (text === 'on' || text === 'true') return true;
  if (text === 'off' || text === 'false') return false;
  return null;
}
