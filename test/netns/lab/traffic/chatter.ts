/**
 * `chatter.ts WEB WEB6 GATEWAY GATEWAY6 LINK…`: what programs on a machine say all day, whatever the network is like:
 * DNS, multicast DNS, connections, to the internet and to the router, by either family, by the routing table and bound
 * to each link. Prints the number of attempts so far every 100 ms. Ends with its stdin.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const EVERY_MS = 20;
const [web, web6, gateway, gateway6, ...links] = process.argv.slice(2);
const targets: readonly (readonly [string, number])[] = [
  [web, 53],
  [web6, 53],
  [gateway, 53],
  [gateway6, 53],
  ['224.0.0.251', 5353],
  ['255.255.255.255', 9],
];
const socket4 = createSocket('udp4');
const socket6 = createSocket('udp6');
let attempts = 0;

for (const socket of [socket4, socket6]) {
  socket.on('error', () => {});
  socket.bind(0);
}
socket4.once('listening', () => socket4.setBroadcast(true));

setInterval(() => {
  for (const [address, port] of targets) {
    const socket = address.includes(':') ? socket6 : socket4;
    socket.send(Buffer.from('a question'), port, address, () => {});
    attempts++;
  }
  for (const host of [web, web6]) {
    const connection = connect({ host, port: 80 }, () => connection.destroy());
    connection.on('error', () => connection.destroy()).setTimeout(1_000, () => connection.destroy());
    attempts++;
  }
}, EVERY_MS);

/** A ping ends when its link does: another one follows. */
function keepPinging(link: string, host: string): void {
  const ping = spawn('ping', ['-I', link, '-i', '0.02', '-c', '10', '-W', '1', host], { stdio: 'ignore' });
  attempts++;
  ping.on('exit', () => setTimeout(() => keepPinging(link, host), 50));
}
for (const link of links) for (const host of [web, web6]) keepPinging(link, host);

setInterval(() => process.stdout.write(`${attempts}\n`), 100);
process.stdin.on('end', () => process.exit()).resume();
