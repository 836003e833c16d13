/** The engine thread: builds the parts for its role, carries out commands, reports events. */
import './early-optimization.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { ClientRole } from './client-role.ts';
import type { ClientRecord, EngineCommand, EngineEvent, EngineOptions } from './messages.ts';
import { ServerRole } from './server-role.ts';

const port = parentPort;
if (port === null) throw new Error('worker.ts runs on a worker thread only');

const emit = (event: EngineEvent) => port.postMessage(event);

function fail(error: unknown): void {
  const { message, code } = error as NodeJS.ErrnoException;
  emit({ kind: 'failed', message, ...(code === undefined ? {} : { code }) });
}

const options = workerData as EngineOptions;
try {
  const role =
    options.role === 'client' ? await ClientRole.start(options, emit) : await ServerRole.start(options, emit);
  // Node keeps `workerData` for as long as the thread lives: of a server that is a record of every client.
  if (options.role === 'server') (options.clients as ClientRecord[]).length = 0;
  port.on('message', (command: EngineCommand) => {
    try {
      role.handle(command);
    } catch (error) {
      fail(error);
    }
    if (command.kind !== 'stop') return;
    emit({ kind: 'stopped' });
    port.close();
  });
} catch (error) {
  fail(error);
}
