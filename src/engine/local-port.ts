/** A TCP or UDP port of this machine, each of whose callers gets a stream: a client's forwards, and a server's for its clients. */
import { createServer, isIPv6, type Socket } from 'node:net';
import type { Stream } from '../proto/stream/stream.ts';
import type { SocketAddress } from './messages.ts';
import type { PumpHost } from './stream-owner.ts';
import { StreamPump } from './stream-pump.ts';
import { openUdpPort } from './udp-port.ts';

export interface LocalPort {
  /** The bound one. */
  readonly port: number;
  /** No new callers; those that are connected stay. */
  close(): void;
}

export interface PortRequest {
  readonly protocol: 'tcp' | 'udp';
  /** '' = every address of both families. */
  readonly address: string;
  /** 0 = any. */
  readonly port: number;
}

export interface PortOptions extends PortRequest {
  readonly host: PumpHost;
  /** Null = the caller gets none. */
  readonly open: (caller: SocketAddress) => Stream | null;
  /** It does not listen any more. */
  readonly onFailed: (error: NodeJS.ErrnoException) => void;
}

/** Rejects with the system's error. */
export function openLocalPort(options: PortOptions): Promise<LocalPort> {
  return options.protocol === 'udp' ? openUdpPort(options) : openTcpPort(options);
}

function openTcpPort({ address, port, host, open, onFailed }: PortOptions): Promise<LocalPort> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const { remoteAddress = '::', remotePort = 0 } = socket;
    joinSocket(socket, open({ address: remoteAddress, port: remotePort }), host);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Without a host Node takes every address of both families.
    server.listen({ host: address || undefined, port }, () => {
      server.off('error', reject).on('error', onFailed);
      const bound = server.address();
      resolve({
        port: typeof bound === 'object' && bound !== null ? bound.port : port,
        close: () => server.close(),
      });
    });
  });
}

/** `socket` has `allowHalfOpen`; without a stream, or with one that is over, it is reset. */
export function joinSocket(socket: Socket, stream: Stream | null, host: PumpHost): void {
  if (stream === null || stream.phase === 'over') {
    socket.on('error', () => {});
    socket.resetAndDestroy();
    return;
  }
  stream.owner = new StreamPump(stream, socket, host);
  host.drain();
}

/** Plain IPv4 for IPv4 in IPv6 (RFC 4291 §2.5.5.2), as sockets of both families say it. */
export function plainAddress(address: string): string {
  return isIPv6(address) ? address.replace(/^::ffff:(?=\d+\.)/i, '') : address;
}
