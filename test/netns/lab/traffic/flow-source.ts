/**
 * `flow-source.ts HOST PORT COUNT PER_SECOND SIZE`: sends a numbered flow, counts its echoes until none has come for a
 * second, and prints the tally as JSON.
 */
import { createSocket } from 'node:dgram';
import { buildPacket, FlowCounter } from './flow-packet.ts';

/** After the last packet: longer than any path of the lab is slow. */
const QUIET_MS = 1000;

const [host, port, count, perSecond, sizeBytes] = process.argv
  .slice(2)
  .map((word, index) => (index === 0 ? word : Number(word))) as [string, number, number, number, number];

const counter = new FlowCounter();
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
let quietSinceMs = performance.now();
socket.on('message', (packet) => {
  quietSinceMs = performance.now();
  counter.handlePacket(packet);
});

const startMs = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const nowMs = performance.now();
  const due = Math.min(count, Math.floor(((nowMs - startMs) / 1000) * perSecond));
  if (sent === count && nowMs - quietSinceMs > QUIET_MS) finish();
  for (; sent < due; sent += 1) {
    quietSinceMs = nowMs;
    socket.send(buildPacket(sent, sizeBytes), port, host, () => undefined);
  }
}, 1);

function finish(): void {
  clearInterval(timer);
  socket.close();
  process.stdout.write(`${JSON.stringify(counter.tally)}\n`);
}
