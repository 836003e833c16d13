/**
 * Takes the connections that `scripts/persist.sh` diverts: made to anybody, they arrive here, and where they were made to is
 * the local address of their socket. Each gets a stream to there.
 */
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { loadNative } from '../native/native.ts';
import type { Stream, Target } from '../proto/stream/stream.ts';
import { joinSocket } from './local-port.ts';
import type { PumpHost } from './stream-owner.ts';
import { targetOf } from './target.ts';

/** Where diverted connections are taken. */
export interface TransparentPorts {
  /** On 127.0.0.1. */
  readonly port4: number;
  /** On ::1; absent = this machine has no IPv6. */
  readonly port6?: number;
}

export class TransparentListener {
  private readonly servers: Server[] = [];

  /** `open`: null = there are too many streams. */
  constructor(
    private readonly host: PumpHost,
    private readonly open: (target: Target) => Stream | null,
  ) {}

  /** Throws `NativeError` (EPERM: it wants CAP_NET_ADMIN), or what listening says. */
  async listen(): Promise<TransparentPorts> {
    const port4 = await this.listenIn(4);
    return existsSync('/proc/net/if_inet6') ? { port4, port6: await this.listenIn(6) } : { port4 };
  }

  close(): void {
    for (const server of this.servers.splice(0)) server.close();
  }

  private async listenIn(family: 4 | 6): Promise<number> {
    const fd = loadNative().addon.transparentDescriptor({ family });
    const server = createServer({ allowHalfOpen: true }, (socket) => this.handleConnection(socket, server));
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ fd }, resolve));
    return (server.address() as AddressInfo).port;
  }

  private handleConnection(socket: Socket, server: Server): void {
    const { localAddress, localPort } = socket;
    const own = server.address() as AddressInfo;
    // It is closed already; or it was made to this very listener, and leads nowhere else.
    const isUseless = localAddress === undefined || localPort === undefined;
    if (isUseless || (localAddress === own.address && localPort === own.port)) {
      socket.on('error', () => {});
      socket.resetAndDestroy();
    } else joinSocket(socket, this.open(targetOf('tcp', localAddress, localPort)), this.host);
  }
}
