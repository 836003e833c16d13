/** The client's end of port forwards: listens on local ports, and gives each connection a stream to the target. */
import { createServer, type Server } from 'node:net';
import type { Forward } from './messages.ts';
import type { Emit } from './role.ts';
import { type StreamOpener, tcpTarget } from './stream-opener.ts';

/** Bound of the table; each is a socket. */
export const MAX_FORWARDS = 64;

export class ForwardListener {
  private readonly servers = new Map<string, Server>();

  constructor(
    private readonly streams: StreamOpener,
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
    const target = tcpTarget(forward.host, forward.port);
    const server = createServer({ allowHalfOpen: true }, (socket) => this.streams.join(socket, target));
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
}
