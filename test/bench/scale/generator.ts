/** A process full of simulated clients. Options come as the only argument, commands and results over stdin and stdout. */
import { createInterface } from 'node:readline';
import { Crowd } from './crowd.ts';
import { exchange } from './exchange.ts';
import { flood } from './flood.ts';
import type { Command, GeneratorOptions, Results } from './messages.ts';

const crowd = await Crowd.create(JSON.parse(process.argv[2]) as GeneratorOptions);

async function carryOut(command: Command): Promise<Results[Command['kind']]> {
  switch (command.kind) {
    case 'make':
      crowd.make(command.from, command.to);
      return null;
    case 'connect':
      return crowd.connect(command.count, command.inFlight);
    case 'reconnect':
      return crowd.reconnect(command.count, command.perSecond);
    case 'flood':
      return flood(crowd, command.seconds, command.bytes);
    case 'exchange':
      return exchange(crowd, command.seconds, command.perSecond);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    process.stdout.write(`${JSON.stringify({ result: await carryOut(JSON.parse(line) as Command) })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: (error as Error).message })}\n`);
  }
}
// The orchestrator is done, or gone.
crowd.close();
