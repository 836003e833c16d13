/** Which channels were opened so far: the client opens even ones from 2 on, the server odd ones from 3 on, each once. */
import { RangeSet } from './range-set.ts';

const FIRST = { client: 2, server: 3 } as const;
const STEP = 2;
const LAST = 0xffff_ffff;

/** ResIP's channels 0 and 1 are commands and IP packets. */
export function isStreamChannel(channel: number): boolean {
  return channel >= FIRST.client;
}

export class ChannelNumbers {
  private next: number;
  /** Those that the peer has started. */
  private readonly theirs = new RangeSet();

  constructor(private readonly role: 'client' | 'server') {
    this.next = FIRST[role];
  }

  /** The next of ours; -1 = there is none left. */
  take(): number {
    if (this.next > LAST) return -1;
    const channel = this.next;
    this.next += STEP;
    return channel;
  }

  /** The peer has started it. */
  note(channel: number): void {
    // So that channels in order make one range, without those of the other end between them.
    this.theirs.add(channel - 1, channel + 1);
  }

  isOurs(channel: number): boolean {
    return channel % STEP === FIRST[this.role] % STEP;
  }

  /** It was opened once, by whichever end. */
  wasOpened(channel: number): boolean {
    return this.isOurs(channel) ? channel < this.next : this.theirs.has(channel);
  }

  /** The peer is another than before. */
  forgetTheirs(): void {
    this.theirs.clear();
  }
}
