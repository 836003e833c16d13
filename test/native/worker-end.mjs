/**
 * A process whose workers end in every way with devices, sockets, keys and running watches open. Prints `survived` when
 * Node did. Argument: how the worker ends.
 */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const ROUNDS = 5;
const addon = createRequire(import.meta.url)('../../native/build/Release/resip.node');

/** Of packet logs: no other test has it. */
const GROUP = 4_601;

/** Two sockets, a TUN device and a packet log, each watched; the first socket has something to read on every turn of the loop. */
function open(onReadable) {
  const tun = addon.tunOpen({ name: `rvw${process.pid}.%d` });
  const [a, b] = [addon.udpOpen({ family: 4, address: '127.0.0.1' }), addon.udpOpen({ family: 4 })];
  addon.keyTableCreate(100);
  const mask = addon.maskCreate(new Uint8Array(32));
  const arena = new Uint8Array(4096);
  const columns = new ArrayBuffer(36 * 8);
  const batch = addon.registerBatch(arena, columns, 8, new Int32Array(1), new Int32Array(10), 1);
  const words = new Int32Array(8 * 16);
  words.set([b.handle, (4 << 16) | a.port, 0x7f000001]);
  new Int32Array(columns, 12 * 8, 8)[0] = 100;
  new Int32Array(columns, 28 * 8, 8)[0] = -1;
  new Uint8Array(columns, 32 * 8, 8)[0] = 1;
  new Uint8Array(columns, 34 * 8, 8)[0] = 8;
  if (addon.udpSend(batch, addon.registerPathTable(words), 1) !== 1) throw new Error('not sent');
  const log = addon.packetLogOpen(GROUP);
  addon.rawOpen(4);
  addon.watch(log, () => {});
  addon.watch(tun.handle, () => {});
  addon.watch(b.handle, () => {});
  addon.watch(a.handle, () => onReadable(a.handle, tun.handle, mask));
  return [tun.handle, a.handle, b.handle, log];
}

const ends = {
  terminate: () => open(() => parentPort.postMessage('ready')),
  exit: () => open(() => process.exit(0)),
  throw: () =>
    open(() => {
      throw new Error('from the callback');
    }),
  close: () => {
    const handles = open((socket) => {
      addon.udpClose(socket);
      for (const handle of handles) if (handle !== socket) addon.unwatch(handle);
    });
  },
  unwatch: () => {
    const handles = open(() => {
      for (const handle of handles) addon.unwatch(handle);
    });
  },
};

function runWorker(how) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: how });
    worker.once('message', () => worker.terminate());
    worker.on('error', (error) => (how === 'throw' ? undefined : reject(error)));
    worker.on('exit', resolve);
  });
}

if (isMainThread) {
  const [how] = process.argv.slice(2);
  if (how === 'main') {
    // The main thread's own environment ends inside a callback.
    open(() => {
      console.log('survived');
      process.exit(0);
    });
  } else {
    for (let round = 0; round < ROUNDS; round++) await runWorker(how);
    console.log('survived');
  }
} else {
  ends[workerData]();
}
