/** The daemon's end of the control socket. Whoever can open the socket may do everything: it belongs to the owner alone. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { UserError } from '../errors.ts';
import { LineReader } from './line-reader.ts';
import { type Handler, MAX_REQUEST_BYTES, parseRequest, type Response } from './protocol.ts';
import { controlSocketPath, makeSocketDirectory, type SocketPath } from './socket-path.ts';

/** More than a few people and a metrics collector never ask at once. */
const MAX_CONNECTIONS = 16;
/** A connection that says nothing for so long is closed. */
const IDLE_MS = 10_000;

export interface ControlServerOptions {
  readonly maxConnections?: number;
  readonly idleMs?: number;
}

export class ControlServer {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly socketPath: SocketPath,
    private readonly handlers: Readonly<Record<string, Handler>>,
    private readonly idleMs: number,
  ) {
    server.on('connection', (socket) => this.accept(socket));
    // An accept that fails for want of descriptors: the asker sees its connection closed, the tunnel goes on.
    server.on('error', () => {});
  }

  /** The caller holds the daemon lock, so a socket that lies there is a dead process's. Throws the system error, or `UserError`. */
  static async listen(
    stateDir: string,
    handlers: Readonly<Record<string, Handler>>,
    options: ControlServerOptions = {},
  ): Promise<ControlServer> {
    makeSocketDirectory(stateDir);
    const socketPath = controlSocketPath(stateDir);
    rmSync(socketPath.path, { force: true });
    const server = createServer();
    server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    const control = new ControlServer(server, socketPath, handlers, options.idleMs ?? IDLE_MS);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath.path, resolve);
    });
    chmodSync(socketPath.path, 0o600);
    return control;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
    this.socketPath.release();
  }

  private accept(socket: Socket): void {
    const lines = new LineReader(MAX_REQUEST_BYTES);
    let last: Promise<void> = Promise.resolve();
    this.sockets.add(socket);
    socket.setTimeout(this.idleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      const complete = lines.push(chunk);
      if (complete === null) {
        socket.end(toLine({ ok: false, error: `a request has at most ${MAX_REQUEST_BYTES} bytes` }));
        socket.pause();
        return;
      }
      // One at a time: what a client has not read yet is not answered further.
      socket.pause();
      for (const line of complete) last = last.then(() => this.answer(socket, line));
      void last.then(() => socket.resume());
    });
  }

  private async answer(socket: Socket, line: string): Promise<void> {
    const response = await this.respond(line);
    if (socket.destroyed || socket.write(toLine(response))) return;
    await new Promise((resolve) => {
      socket.once('drain', resolve);
      socket.once('close', resolve);
    });
  }

  private async respond(line: string): Promise<Response> {
    const request = parseRequest(line);
    if (request === undefined) return { ok: false, error: 'not a request' };
    const handler = Object.hasOwn(this.handlers, request.command)
      ? this.handlers[request.command]
      : undefined;
    if (handler === undefined) return { ok: false, error: `unknown command ${request.command.slice(0, 40)}` };
    try {
      return { ok: true, result: (await handler(request)) ?? null };
    } catch (error) {
      const { message } = error as Error;
      return error instanceof UserError
        ? { ok: false, error: message, exitCode: error.exitCode }
        : { ok: false, error: message };
    }
  }
}

function toLine(response: Response): string {
  return `${JSON.stringify(response)}\n`;
}
