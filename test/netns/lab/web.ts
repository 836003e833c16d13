/**
 * The host on the internet: an HTTP server that tells the caller its address (`/`) or sends bytes (`/bytes/N`,
 * the same for the same N), a UDP echo, and a terminal that answers each line with the checksum of all that was typed.
 * Tied to its stdin, says `ready` on stdout.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { numberedBytes, pacedBytes } from './numbered-bytes.ts';
import { ECHO_PORT, HTTP_PORT, TERMINAL_PORT } from './ports.ts';
import { TerminalChecksum } from './traffic/terminal-checksum.ts';

const http = createServer((request, response) => {
  const [, count, rate] = /^\/bytes\/(\d+)(?:\/(\d+))?$/.exec(request.url ?? '') ?? [];
  if (count === undefined) {
    response.end(`${request.socket.remoteAddress?.replace(/^::ffff:/, '')}\n`);
    return;
  }
  response.writeHead(200, { 'content-length': count });
  const bytes = rate ? pacedBytes(Number(count), Number(rate)) : numberedBytes(Number(count));
  Readable.from(bytes).pipe(response);
});
// A client that is cut off resets its download.
http.on('clientError', (_error, socket) => socket.destroy());

const terminal = createTcpServer({ noDelay: true }, (socket) => {
  const checksum = new TerminalChecksum();
  socket.on('error', () => socket.destroy());
  const lines = createInterface({ input: socket });
  // A session that is cut off is its input's error, and the interface tells of it again.
  lines.on('error', () => {});
  lines.on('line', (line) => {
    checksum.handleText(`${line}\n`);
    socket.write(`${line} ${checksum.text}\n`);
  });
});

const echo = createSocket('udp6');
echo.on('message', (message, from) => echo.send(message, from.port, from.address, () => undefined));

process.stdin.resume().on('end', () => process.exit(0));
echo.bind(ECHO_PORT, () =>
  http.listen(HTTP_PORT, () => terminal.listen(TERMINAL_PORT, () => process.stdout.write('ready\n'))),
);
