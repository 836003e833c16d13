/** `flow-echo.ts PORT`: echoes and counts a numbered flow; says `ready`, and its tally as JSON when stdin closes. */
import { createSocket } from 'node:dgram';
import { FlowCounter } from './flow-packet.ts';

const counter = new FlowCounter();
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
socket.on('message', (packet, from) => {
  counter.handlePacket(packet);
  // An answer that finds no route is one more lost packet.
  socket.send(packet, from.port, from.address, () => undefined);
});
socket.bind(Number(process.argv[2]), () => process.stdout.write('ready\n'));
process.stdin.resume().on('end', () => {
  process.stdout.write(`${JSON.stringify(counter.tally)}\n`, () => process.exit(0));
});
