/**
 * Takes the connections that `scripts/persist.sh` diverts: made to anybody, they arrive here, and where they were made to is
 * the local address of their socket. Each gets a stream to there, or has one already, because its target was asked before
 * (`held-syns.ts`).
 */
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { loadNative } from '../native/native.ts';
import { News, type Stream, type Target } from '../proto/stream/stream.ts';
import type { Clock } from './clock.ts';
import { HeldSyns, type SynMarks } from './held-syns.ts';
import { joinSocket } from './local-port.ts';
import type { PumpHost, StreamOwner } from './stream-owner.ts';
import { LinuxSynPort, type SynPort } from './syn-port.ts';
import { targetOf } from './target.ts';

/** Where diverted connections are taken. */
export interface TransparentPorts {
  /** On 127.0.0.1. */
  readonly port4: number;
  /** On ::1; absent = this machine has no IPv6. */
  readonly port6?: number;
}

/** How first packets come here, and go back. */
export interface SynHold {
  /** Of nfnetlink_log. */
  readonly group: number;
  readonly marks: SynMarks;
}

export class TransparentListener {
  private readonly servers: Server[] = [];
  private held: HeldSyns | null = null;
  private synPort: SynPort | null = null;

  /** `open`: null = there are too many streams. */
  constructor(
    private readonly host: PumpHost,
    private readonly clock: Clock,
    private readonly open: (target: Target) => Stream | null,
  ) {}

  /** Throws `NativeError` (EPERM: it wants CAP_NET_ADMIN), or what listening says. */
  async listen(): Promise<TransparentPorts> {
    const port4 = await this.listenIn(4);
    return existsSync('/proc/net/if_inet6') ? { port4, port6: await this.listenIn(6) } : { port4 };
  }

  /** From now on the targets are asked first. Throws `NativeError`. */
  hold({ group, marks }: SynHold): void {
    const { host, clock, open } = this;
    const port = new LinuxSynPort(group);
    const held = new HeldSyns({ host, clock, open, port, marks });
    port.watch((head) => held.handleHead(head));
    this.synPort = port;
    this.held = held;
  }

  close(): void {
    this.synPort?.close();
    this.held?.close();
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
      return;
    }
    const asked = this.held?.take(socket);
    joinSocket(socket, asked ?? this.open(targetOf('tcp', localAddress, localPort)), this.host);
    // What came while nobody was there to take it.
    if (asked?.phase === 'open') (asked.owner as StreamOwner).handleNews(News.READABLE);
  }
}
