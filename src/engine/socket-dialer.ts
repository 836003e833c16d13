/** Opens the local socket that a peer wants: resolves the target, asks whether it may, connects, and joins it with the stream. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect, isIPv6 } from 'node:net';
import { News, type Stream, type Target } from '../proto/stream/stream.ts';
import { formatIpv4, formatIpv6 } from '../proto/wire/ip-text.ts';
import { Protocol, TerminateKind } from '../proto/wire/stream-commands.ts';
import { DatagramPump } from './datagram-pump.ts';
import type { PumpHost, StreamOwner } from './stream-owner.ts';
import { StreamPump } from './stream-pump.ts';

/** As long as a Linux client's own SYNs would take to give up is two minutes; nobody waits for so long. */
const CONNECT_TIMEOUT_MS = 60_000;
/** Of one name. */
const MAX_ADDRESSES = 4;

const KINDS: Readonly<Record<string, TerminateKind>> = {
  ECONNREFUSED: TerminateKind.REFUSED,
  EHOSTUNREACH: TerminateKind.UNREACHABLE,
  ENETUNREACH: TerminateKind.NETWORK_UNREACHABLE,
  // A `prohibit` route, say.
  EACCES: TerminateKind.DENIED,
  ETIMEDOUT: TerminateKind.TIMED_OUT,
};

/** A socket that is open, and nobody's yet. */
interface Opened {
  join(stream: Stream): StreamOwner;
  discard(): void;
}

export interface SocketDialerOptions {
  readonly host: PumpHost;
  /** `address`: IP text. */
  readonly allows: (stream: Stream, address: string, port: number) => boolean;
  readonly onRefused: (stream: Stream, kind: TerminateKind) => void;
}

export class SocketDialer {
  constructor(private readonly options: SocketDialerOptions) {}

  /** Ends in `accept` or `terminate`. */
  async dial(stream: Stream, target: Pick<Target, 'protocol' | 'host' | 'port'>): Promise<void> {
    const outcome = await this.open(stream, target);
    if (typeof outcome === 'number') {
      stream.terminate(outcome);
      this.options.onRefused(stream, outcome);
    } else if (stream.phase === 'over') outcome.discard();
    else {
      stream.accept();
      const owner = outcome.join(stream);
      stream.owner = owner;
      // What came while nobody was there to take it.
      owner.handleNews(News.READABLE);
    }
    this.options.host.drain();
  }

  private async open(
    stream: Stream,
    { host, port, protocol }: Pick<Target, 'protocol' | 'host' | 'port'>,
  ): Promise<Opened | TerminateKind> {
    const open = protocol === Protocol.TCP ? openTcp : protocol === Protocol.UDP ? openUdp : null;
    if (open === null || port === 0) return TerminateKind.DENIED;
    const addresses = typeof host === 'string' ? await resolve(host) : [formatAddress(host)];
    if (addresses.length === 0) return TerminateKind.UNKNOWN_NAME;
    const allowed = addresses.filter((address) => this.options.allows(stream, address, port));
    let outcome: Opened | TerminateKind = TerminateKind.DENIED;
    for (const address of allowed.slice(0, MAX_ADDRESSES)) {
      outcome = await open(address, port, this.options.host);
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

export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 16) return formatIpv6(bytes);
  return formatIpv4(((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0);
}

function kindOf({ code = '' }: NodeJS.ErrnoException): TerminateKind {
  return KINDS[code] ?? TerminateKind.UNREACHABLE;
}

function openTcp(address: string, port: number, host: PumpHost): Promise<Opened | TerminateKind> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, allowHalfOpen: true });
    const fail = (kind: TerminateKind) => {
      socket.destroy();
      resolve(kind);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(TerminateKind.TIMED_OUT));
    socket.once('error', (error) => fail(kindOf(error)));
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.removeAllListeners('error');
      resolve({ join: (stream) => new StreamPump(stream, socket, host), discard: () => socket.destroy() });
    });
  });
}

function openUdp(address: string, port: number, host: PumpHost): Promise<Opened | TerminateKind> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      resolve(kindOf(error));
    });
    socket.connect(port, address, () => {
      socket.removeAllListeners('error');
      const join = (stream: Stream) => {
        // That nobody listens there is heard of later, if at all.
        const fail = (error: Error) => {
          if (stream.phase === 'over') return;
          stream.terminate(kindOf(error));
          pump.handleNews(News.TERMINATED);
          host.drain();
        };
        const send = (datagram: Uint8Array, done: () => void) =>
          socket.send(datagram, (error) => {
            if (error) fail(error);
            done();
          });
        const pump = new DatagramPump(stream, { send, close: () => socket.close() }, host);
        socket.on('message', (datagram) => pump.handleDatagram(datagram));
        socket.on('error', fail);
        return pump;
      };
      resolve({ join, discard: () => socket.close() });
    });
  });
}
