/**
 * The link emulator as a process: `node --import tsx emulator.ts SEED`, requests on stdin, replies on stdout
 * (`emulator-protocol.ts`). It ends when stdin closes, so it never outlives the lab; its devices end with it.
 */
import { createInterface } from 'node:readline';
import type { EmulatorMessage, EmulatorReply, EmulatorReport } from './emulator-protocol.ts';
import { Wire } from './wire.ts';

const seed = Number(process.argv[2]);
const wire = new Wire(seed);

function answer(message: EmulatorMessage): EmulatorReport | null {
  switch (message.kind) {
    case 'open':
      wire.open(message.link, message.near, message.far);
      return null;
    case 'unplug':
      wire.unplug(message.link);
      return null;
    case 'plug':
      wire.plug(message.link, message.near);
      return null;
    case 'set':
      wire.set(message.link, message.directions, message.settings);
      return null;
    case 'report':
      return wire.report();
  }
}

function reply(line: string): EmulatorReply {
  const message = JSON.parse(line) as EmulatorMessage;
  try {
    return { id: message.id, result: answer(message) };
  } catch (error) {
    return { id: message.id, error: (error as Error).message };
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => process.stdout.write(`${JSON.stringify(reply(line))}\n`));
lines.on('close', () => process.exit(0));
