/** The server's end of streams: resolves the target that a client named, checks it, and connects. */
import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { News, type Stream } from '../proto/stream/stream.ts';
import { formatIpv4, formatIpv6 } from '../proto/wire/ip-text.ts';
import { Protocol, TerminateKind } from '../proto/wire/stream-commands.ts';
import { type PumpHost, StreamPump } from './stream-pump.ts';
import type { TargetPolicy } from './target-rules.ts';

/** As long as a Linux client's own SYNs would take to give up is two minutes; nobody waits for so long. */
const CONNECT_TIMEOUT_MS = 60_000;
/** Of one name. */
const MAX_ADDRESSES = 4;

const KINDS: Readonly<Record<string, TerminateKind>> = {
  ECONNREFUSED: TerminateKind.REFUSED,
  EHOSTUNREACH: TerminateKind.UNREACHABLE,
  ENETUNREACH: TerminateKind.UNREACHABLE,
  ETIMEDOUT: TerminateKind.TIMED_OUT,
};

export class TargetDialer {
  constructor(
    private readonly host: PumpHost,
    private readonly policy: TargetPolicy,
  ) {}

  /** Ends in `accept` or `terminate`. */
  async dial(stream: Stream): Promise<void> {
    const outcome = await this.open(stream);
    if (typeof outcome === 'number') stream.terminate(outcome as TerminateKind);
    else if (stream.phase === 'over') outcome.destroy();
    else {
      stream.accept();
      const pump = new StreamPump(stream, outcome, this.host);
      stream.owner = pump;
      // What came while nobody was there to take it.
      pump.handleNews(News.READABLE);
    }
    this.host.drain();
  }

  private async open({ target }: Stream): Promise<Socket | TerminateKind> {
    const { host, port, protocol } = target;
    if (protocol !== Protocol.TCP || port === 0) return TerminateKind.DENIED;
    const addresses = typeof host === 'string' ? await resolve(host) : [formatAddress(host)];
    if (addresses.length === 0) return TerminateKind.UNKNOWN_NAME;
    const allowed = addresses.filter((address) => this.policy.allows(address, port));
    let outcome: Socket | TerminateKind = TerminateKind.DENIED;
    for (const address of allowed.slice(0, MAX_ADDRESSES)) {
      outcome = await attempt(address, port);
      if (typeof outcome !== 'number') return outcome;
    }
    return outcome;
  }
}

async function resolve(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 16) return formatIpv6(bytes);
  return formatIpv4(((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0);
}

function attempt(host: string, port: number): Promise<Socket | TerminateKind> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    const fail = (kind: TerminateKind) => {
      socket.destroy();
      resolve(kind);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(TerminateKind.TIMED_OUT));
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) =>
      fail(KINDS[code] ?? TerminateKind.UNREACHABLE),
    );
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
