/**
 * The application behind a TUN device; runs in the device's namespace.
 *   host ADDRESS PORT                 UDP: each line of stdin {to, port, payload} is sent, each datagram becomes a line
 *   sink ADDRESS PORT                 TCP: prints `ready`, takes one connection, prints bytes and SHA-256
 *   source ADDRESS PORT BYTES         TCP: connects and sends that many bytes
 *   burst ADDRESS PORT COUNT BYTES [TIMES [LAST]]   UDP: COUNT datagrams of BYTES (the last: LAST) in one
 *                                     segmented send, TIMES times
 */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [mode, address, portText, ...rest] = process.argv.slice(2);
const port = Number(portText);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** `bytes` that do not repeat and are the same in every process. */
function* content(bytes) {
  let block = createHash('sha512').update('content').digest();
  for (let left = bytes; left > 0; ) {
    const chunk = Buffer.alloc(Math.min(left, 65536));
    for (let at = 0; at < chunk.length; at += 64) {
      block = createHash('sha512').update(block).digest();
      block.copy(chunk, at);
    }
    yield chunk;
    left -= chunk.length;
  }
}

function host() {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) =>
    say({ from: from.address, port: from.port, payload: message.toString('base64') }),
  );
  socket.bind(port, address, () => {
    socket.setRecvBufferSize(4 << 20);
    say({ ready: true });
  });
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { to, port: toPort, payload } = JSON.parse(line);
    socket.send(Buffer.from(payload, 'base64'), toPort, to);
  });
}

function sink() {
  const server = createServer((connection) => {
    const hash = createHash('sha256');
    let bytes = 0;
    connection.on('data', (chunk) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    connection.on('end', () => {
      say({ bytes, sha256: hash.digest('hex') });
      connection.end();
      server.close();
    });
  });
  server.listen(port, address, () => say({ ready: true }));
}

function source() {
  const connection = connect(port, address);
  const hash = createHash('sha256');
  const chunks = content(Number(rest[0]));
  const more = () => {
    for (let next = chunks.next(); !next.done; next = chunks.next()) {
      hash.update(next.value);
      if (!connection.write(next.value)) return connection.once('drain', more);
    }
    say({ bytes: Number(rest[0]), sha256: hash.digest('hex') });
    connection.end();
  };
  connection.on('connect', more);
}

/** Row `i` carries `i` in every byte. Uses the addon directly, without the edges around it. */
function burst() {
  const [count, bytes, times = 1, last = bytes] = rest.map(Number);
  const addon = createRequire(import.meta.url)('../../native/build/Release/resip.node');
  const capacity = (count + 7) & ~7;
  const arena = new Uint8Array(count * bytes);
  const columns = new ArrayBuffer(36 * capacity);
  const column = (Type, start) => new Type(columns, start * capacity, capacity);
  const paths = new Int32Array(8 * 16);
  const batch = addon.registerBatch(arena, columns, capacity, new Int32Array(1), new Int32Array(10), 1);
  const [offset, length, train] = [column(Int32Array, 8), column(Int32Array, 12), column(Int32Array, 28)];
  const [pathMask, verdict] = [column(Uint8Array, 32), column(Uint8Array, 34)];
  for (let row = 0; row < count; row++) {
    arena.fill(row, row * bytes, (row + 1) * bytes);
    offset[row] = row * bytes;
    length[row] = row === count - 1 ? last : bytes;
    train[row] = -1;
    pathMask[row] = 1;
    verdict[row] = 8;
  }
  const { handle, segmentation } = addon.udpOpen({ family: 4 });
  const [a, b, c, d] = address.split('.').map(Number);
  paths.set([handle, (4 << 16) | port, (a << 24) | (b << 16) | (c << 8) | d]);
  const table = addon.registerPathTable(paths);
  const taken = Array.from({ length: times }, () => addon.udpSend(batch, table, count));
  say({ taken, segmentation, sent: paths[12], sentBytes: paths[14], failed: paths[13], errno: paths[11] });
}

({ host, sink, source, burst })[mode]();
