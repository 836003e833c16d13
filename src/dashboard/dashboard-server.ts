/**
 * The dashboard over HTTP: a page and what it draws, for browsers on this machine. Other users of the machine reach the loopback,
 * too, and so do web sites that the owner visits: everything lies below a secret word in the path, which no page can guess and no
 * other site is told; and a name that a stranger's DNS points to the loopback is not answered.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isLoopbackName, type LoopbackAddress } from '../config/units.ts';
import { UserError } from '../errors.ts';
import type { Asset } from './assets.ts';

/** A browser opens six at most. */
const MAX_CONNECTIONS = 16;
const REQUEST_TIMEOUT_MS = 10_000;

/** Nothing comes from elsewhere, nothing goes elsewhere, and no other page may hold this one. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

export interface DashboardOptions {
  readonly token: string;
  /** By name; the page itself has the empty one. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** What the page draws. Rejects when the engine does not answer. */
  readonly data: (query: URLSearchParams) => Promise<unknown>;
}

type Answer = readonly [status: number, text: string | Buffer, type?: string];

export class DashboardServer {
  readonly url: string;

  private constructor(
    private readonly server: Server,
    { host, port }: LoopbackAddress,
    token: string,
  ) {
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/${token}/`;
  }

  /** Throws `UserError`. */
  static async listen(address: LoopbackAddress, options: DashboardOptions): Promise<DashboardServer> {
    const server = createServer((request, response) => {
      answerTo(request, options)
        .catch((error: Error): Answer => [503, `${error.message}\n`])
        .then((answer) => send(request, response, answer));
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address.port, address.host, resolve);
      });
    } catch (cause) {
      throw new UserError(`the dashboard cannot be served on ${address.host} port ${address.port}`, {
        cause,
        fix: 'choose another --dashboard',
      });
    }
    server.on('error', () => {});
    return new DashboardServer(server, address, options.token);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

async function answerTo(request: IncomingMessage, options: DashboardOptions): Promise<Answer> {
  const { method, url = '', headers } = request;
  if (!isLoopbackName(headers.host)) return [421, 'this is not the name of this machine\n'];
  const [, token, name, search] = /^\/([^/?]*)\/?([^/?]*)\??(.*)$/.exec(url) ?? [];
  if (token === undefined || !isSame(token, options.token)) {
    return [403, 'The address of this page holds a secret word: resip-vpn dashboard prints it.\n'];
  }
  if (method !== 'GET' && method !== 'HEAD') return [405, 'GET only\n'];
  if (name === 'data') {
    const data = await options.data(new URLSearchParams(search));
    return [200, JSON.stringify(data), 'application/json'];
  }
  const asset = options.assets.get(name);
  if (asset === undefined) return [404, 'there is no such thing here\n'];
  // Names in the page are relative to the path with its slash.
  if (name === '' && !url.startsWith(`/${token}/`)) return [308, `/${token}/`];
  return [200, asset.body, asset.type];
}

/** In a time that tells nothing about where they differ. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function send({ method }: IncomingMessage, response: ServerResponse, [status, body, type]: Answer): void {
  const isMoved = status === 308;
  response.writeHead(status, {
    ...HEADERS,
    'content-type': `${type ?? 'text/plain'}; charset=utf-8`,
    'content-length': isMoved ? 0 : Buffer.byteLength(body),
    ...(isMoved ? { location: String(body) } : {}),
  });
  response.end(isMoved || method === 'HEAD' ? undefined : body);
}
