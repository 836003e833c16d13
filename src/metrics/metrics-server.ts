/**
 * `GET /metrics` over HTTP, on the loopback or a Unix socket: there is no password, so nobody else can ask. Nor can a web site whose name
 * a stranger's DNS leads to the loopback.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { isLoopbackName, type MetricsAddress } from '../config/units.ts';
import { UserError } from '../errors.ts';

/** One collector, and somebody with curl. */
const MAX_CONNECTIONS = 8;
const REQUEST_TIMEOUT_MS = 10_000;

export class MetricsServer {
  private constructor(private readonly server: Server) {}

  /** `render` gives the text of one scrape. Throws `UserError`. */
  static async listen(address: MetricsAddress, render: () => Promise<string>): Promise<MetricsServer> {
    const server = createServer((request, response) => {
      const { method, url, headers } = request;
      if (address.kind === 'tcp' && !isLoopbackName(headers.host))
        answer(response, 421, 'this is not the name of this machine\n');
      else if (url !== '/metrics') answer(response, 404, 'the metrics are at /metrics\n');
      else if (method !== 'GET' && method !== 'HEAD') answer(response, 405, 'GET only\n');
      else {
        render()
          .then((text) => answer(response, 200, text, 'text/plain; version=0.0.4; charset=utf-8'))
          .catch((error: Error) => answer(response, 503, `${error.message}\n`));
      }
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    if (address.kind === 'unix') await removeDeadSocket(address.path);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        if (address.kind === 'unix') server.listen(address.path, resolve);
        else server.listen(address.port, address.host, resolve);
      });
    } catch (cause) {
      const where = address.kind === 'unix' ? address.path : `${address.host} port ${address.port}`;
      throw new UserError(`the metrics cannot be served on ${where}`, {
        cause,
        fix: 'choose another --metrics',
      });
    }
    server.on('error', () => {});
    if (address.kind === 'unix') chmodSync(address.path, 0o600);
    return new MetricsServer(server);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

/** What a killed process left. A file, and a socket that somebody listens on, stay: to listen there will fail. */
async function removeDeadSocket(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const isDead = await new Promise((resolve) => {
    const socket = connect(path, () => socket.destroy()).on('close', () => resolve(false));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
  if (isDead) rmSync(path, { force: true });
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}
