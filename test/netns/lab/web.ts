/**
 * The host on the internet: an HTTP server that tells the caller its address (`/`) or sends bytes (`/bytes/N`,
 * the same for the same N), and a UDP echo. Tied to its stdin, says `ready` on stdout.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { numberedBytes } from './numbered-bytes.ts';
import { ECHO_PORT, HTTP_PORT } from './ports.ts';

const http = createServer((request, response) => {
  const count = /^\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1];
  if (count === undefined) {
    response.end(`${request.socket.remoteAddress?.replace(/^::ffff:/, '')}\n`);
    return;
  }
  response.writeHead(200, { 'content-length': count });
  Readable.from(numberedBytes(Number(count))).pipe(response);
});
// A client that is cut off resets its download.
http.on('clientError', (_error, socket) => socket.destroy());

const echo = createSocket('udp6');
echo.on('message', (message, from) => echo.send(message, from.port, from.address, () => undefined));

process.stdin.resume().on('end', () => process.exit(0));
echo.bind(ECHO_PORT, () => http.listen(HTTP_PORT, () => process.stdout.write('ready\n')));
