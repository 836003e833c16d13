/** Tells main which streams were refused, and why: one a second in the long run, the others are counted. */
import type { Stream, Target } from '../proto/stream/stream.ts';
import { TerminateKind } from '../proto/wire/stream-commands.ts';
import type { Emit } from './role.ts';
import { formatAddress } from './socket-dialer.ts';

const EVERY_MS = 1_000;
/** As many at once, after as many quiet seconds. */
const BURST = 20;

const REASONS: Partial<Record<TerminateKind, string>> = {
  [TerminateKind.REFUSED]: 'refused by the target',
  [TerminateKind.UNREACHABLE]: 'unreachable',
  [TerminateKind.NETWORK_UNREACHABLE]: 'network unreachable',
  [TerminateKind.UNKNOWN_NAME]: 'unknown name',
  [TerminateKind.TIMED_OUT]: 'no answer',
  [TerminateKind.DENIED]: 'not allowed at the server',
  [TerminateKind.LIMIT]: 'too many streams',
  [TerminateKind.ADDRESS_IN_USE]: 'address in use at the server',
};

export class StreamRefusals {
  /** When all that was told is paid for. */
  private paidMs = Number.NEGATIVE_INFINITY;
  private untold = 0;

  constructor(
    private readonly clock: { readonly nowMs: number },
    private readonly emit: Emit,
  ) {}

  /** Of either end; what was open and was cut off is none. */
  handle({ peerName, target }: Pick<Stream, 'peerName' | 'target'>, kind: TerminateKind | null): void {
    const reason = kind === null ? undefined : REASONS[kind];
    if (reason === undefined) return;
    const now = this.clock.nowMs;
    if (this.paidMs - now >= BURST * EVERY_MS) {
      this.untold++;
      return;
    }
    this.paidMs = Math.max(now, this.paidMs) + EVERY_MS;
    const { untold } = this;
    this.untold = 0;
    this.emit({ kind: 'stream-refused', peer: peerName, target: targetText(target), reason, untold });
  }
}

function targetText({ host, port, listens, protocol }: Target): string {
  const address = typeof host === 'string' ? host : formatAddress(host);
  const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return `${listens ? 'listen at ' : ''}${place}${protocol === 17 ? '/udp' : ''}`;
}
