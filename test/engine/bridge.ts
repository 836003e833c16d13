/**
 * Real sockets at both ends and the streams' own modules between them, over a wire under virtual time (`pair.ts`): whenever a
 * pump has something for its stream, so much time passes on the wire as bytes need.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { SocketDialer } from '../../src/engine/socket-dialer.ts';
import { handleStreamNews } from '../../src/engine/stream-owner.ts';
import { StreamPump } from '../../src/engine/stream-pump.ts';
import type { Stream, Target } from '../../src/proto/stream/stream.ts';
import type { TerminateKind } from '../../src/proto/wire/stream-commands.ts';
import { Pair } from '../proto/stream/pair.ts';

const LOOPBACK = '127.0.0.1';
const WIRE_MS = 200;

export class Bridge {
  readonly pair = new Pair(1);
  /** What the dialer refused, and why. */
  readonly refused: TerminateKind[] = [];
  /** What the client's streams were ended by. */
  readonly ended: (TerminateKind | null)[] = [];
  allows = true;
  streams: Stream[] = [];
  private readonly servers: Server[] = [];
  private readonly sockets: Socket[] = [];
  private isRunning = false;

  constructor() {
    const { client, server } = this.pair;
    const dialer = new SocketDialer({
      host: this.host,
      allows: () => this.allows,
      onRefused: (_, kind) => this.refused.push(kind),
    });
    server.handleNews = () =>
      handleStreamNews(
        server.news.splice(0),
        (stream) => void dialer.dial(stream, stream.target),
        () => undefined,
      );
    client.handleNews = () =>
      handleStreamNews(
        client.news.splice(0),
        () => undefined,
        (stream) => this.ended.push(stream.endedBy),
      );
  }

  get host() {
    const { pair } = this;
    return {
      get nowMs() {
        return pair.nowMs;
      },
      drain: () => this.run(),
    };
  }

  /** Lets the wire do its work. Pumps speak to their streams meanwhile: they are heard in the same run. */
  run(ms = WIRE_MS): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.pair.run(ms);
    this.isRunning = false;
  }

  /** Listens; `serve` gets each connection. Resolves with the port. */
  listen(serve: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      serve(socket);
    });
    this.servers.push(server);
    return new Promise((resolve) =>
      server.listen(0, LOOPBACK, () => resolve((server.address() as AddressInfo).port)),
    );
  }

  /** A local program connects to a forward that leads to `target`. Resolves with the program's socket. */
  async forward(target: Partial<Target>): Promise<Socket> {
    const port = await this.listen((socket) => {
      const wanted = { protocol: 6, host: Uint8Array.of(127, 0, 0, 1), port: 1, ...target };
      const stream = this.pair.client.streams.open(wanted, this.pair.nowMs) as Stream;
      this.streams.push(stream);
      stream.owner = new StreamPump(stream, socket, this.host);
      this.run();
    });
    const program = connect({ host: LOOPBACK, port, allowHalfOpen: true });
    this.sockets.push(program);
    program.on('error', () => undefined);
    // What is refused at once is closed before it was open.
    await new Promise((resolve) => program.once('connect', resolve).once('close', resolve));
    return program;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    for (const server of this.servers) server.close();
  }
}

/** Everything that comes until the other end is done; the socket stays. */
export function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => socket.once('end', () => resolve(Buffer.concat(chunks))));
}
