/**
 * `udp-sender.ts HOST PORT`: sends what stands on stdin, one datagram per line (`REPEAT HEX`), from one socket, at most
 * 2,000 a second; listens for a second more, and prints `SendReport` as JSON.
 */
import { createSocket } from 'node:dgram';
import { text } from 'node:stream/consumers';

export interface SendReport {
  readonly sent: number;
  /** Datagrams that came back. */
  readonly answers: number;
}

const PER_MILLISECOND = 2;
const LISTEN_MS = 1000;

const [host, port] = process.argv.slice(2);
const datagrams = (await text(process.stdin))
  .split('\n')
  .filter(Boolean)
  .flatMap((line) => {
    const [repeat, hex] = line.split(' ');
    return Array<Buffer>(Number(repeat)).fill(Buffer.from(hex, 'hex'));
  });

const socket = createSocket('udp4');
let answers = 0;
socket.on('message', () => {
  answers += 1;
});
// ICMP errors are answers too.
socket.on('error', () => {
  answers += 1;
});
socket.bind(0, () => {
  let sent = 0;
  const timer = setInterval(() => {
    for (const datagram of datagrams.slice(sent, sent + PER_MILLISECOND))
      socket.send(datagram, Number(port), host);
    sent = Math.min(sent + PER_MILLISECOND, datagrams.length);
    if (sent < datagrams.length) return;
    clearInterval(timer);
    setTimeout(finish, LISTEN_MS);
  }, 1);
});

function finish(): void {
  const report: SendReport = { sent: datagrams.length, answers };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  socket.close();
}
