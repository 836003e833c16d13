/** The client's end of port forwards: listens on local ports, and gives each connection a stream to the target. */
import { createServer, isIP, type Server, type Socket } from 'node:net';
import type { Stream, Target } from '../proto/stream/stream.ts';
import { parseIpv4, parseIpv6 } from '../proto/wire/ip-text.ts';
import { Protocol } from '../proto/wire/stream-commands.ts';
import type { Forward } from './messages.ts';
import type { Emit } from './role.ts';
import { type PumpHost, StreamPump } from './stream-pump.ts';

/** Bound of the table; each is a socket. */
export const MAX_FORWARDS = 64;

export class ForwardListener {
  private readonly servers = new Map<string, Server>();

  /** `open`: null = there are too many streams. */
  constructor(
    private readonly host: PumpHost,
    private readonly open: (target: Target) => Stream | null,
    private readonly emit: Emit,
  ) {}

  /** The event `forward` follows, in any case. */
  add(forward: Forward): void {
    const { id } = forward;
    if (this.servers.has(id) || this.servers.size >= MAX_FORWARDS) {
      const message = this.servers.has(id) ? 'it is there already' : `there are ${MAX_FORWARDS} already`;
      this.emit({ kind: 'forward', id, state: 'failed', message, code: '' });
      return;
    }
    const target = targetOf(forward);
    const server = createServer({ allowHalfOpen: true }, (socket) => this.handleConnection(socket, target));
    this.servers.set(id, server);
    server.on('error', ({ message, code = '' }: NodeJS.ErrnoException) => {
      this.servers.delete(id);
      this.emit({ kind: 'forward', id, state: 'failed', message, code });
    });
    // Without a host Node takes every address of both families.
    server.listen({ host: forward.bindAddress || undefined, port: forward.bindPort }, () =>
      this.emit({ kind: 'forward', id, state: 'listening', message: '', code: '' }),
    );
  }

  /** Connections that are open stay. */
  remove(id: string): void {
    this.servers.get(id)?.close();
    this.servers.delete(id);
  }

  close(): void {
    for (const id of [...this.servers.keys()]) this.remove(id);
  }

  private handleConnection(socket: Socket, target: Target): void {
    const stream = this.open(target);
    if (stream === null) {
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    stream.owner = new StreamPump(stream, socket, this.host);
    this.host.drain();
  }
}

function targetOf({ host, port }: Forward): Target {
  return { protocol: Protocol.TCP, host: hostBytes(host), port };
}

/** A name stays one: the server resolves it. */
function hostBytes(host: string): Uint8Array | string {
  if (isIP(host) === 6) return parseIpv6(host) ?? host;
  if (isIP(host) === 0) return host;
  const address = parseIpv4(host);
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}
