/**
 * A DNS server for one zone: A records as JSON lines on stdin (`{"vpn.test":"203.0.113.10"}`, the last one counts),
 * each question on stdout (`vpn.test A 198.51.100.10`), after `ready`.
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { decode, encode } from 'dns-packet';

let zone: Readonly<Record<string, string>> = {};
const socket = createSocket('udp4');
socket.on('message', (message, from) => {
  const { id, questions = [] } = decode(message);
  const [{ name, type }] = questions;
  process.stdout.write(`${name} ${type} ${from.address}\n`);
  const data = zone[name];
  const answers = data !== undefined && type === 'A' ? [{ type, name, ttl: 1, data } as const] : [];
  const flags = data === undefined ? 3 : 0;
  socket.send(encode({ type: 'response', id, flags, questions, answers }), from.port, from.address);
});
socket.bind(53, () => process.stdout.write('ready\n'));
createInterface({ input: process.stdin })
  .on('line', (line) => {
    zone = JSON.parse(line);
  })
  .on('close', () => process.exit());
