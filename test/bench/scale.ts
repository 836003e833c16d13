/**
 * `npm run bench:scale`: many simulated clients, with real datagrams over veth, against one server process. The active
 * clients and the crowd live in processes of their own, so that the crowd's handshakes do not delay the clocks of the others.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sweep } from '../netns/lab/namespace.ts';
import { grownDrops, readDrops } from './compare/drops.ts';
import { Rig } from './rig.ts';
import { GeneratorClient } from './scale/generator-client.ts';
import { Generators } from './scale/generators.ts';
import { burst, grow, type Line, load, quiet } from './scale/phases.ts';
import { ScaleServer } from './scale/server.ts';
import { plainTable } from './table.ts';

const BURST_CLIENTS = 2_000;
const RATE = 500;
const USAGE = `npm run bench:scale -- [options]

  --clients N    associated clients in the end (default 10000)
  --active N     clients that carry traffic (default 100)
  --burst N      clients that lose their sessions and come back (default ${BURST_CLIENTS})
  --rate N       of them a second, before they come all at once (default ${RATE})
  --quick        1,000 clients
  --one-core     the server alone on the first processor, the clients on the others
  --json FILE    all numbers
  --node-flags=S flags for the server's Node, for profiles; --trace FILE keeps what they print`;
const FIRST_STEP = 1_000;

interface Options {
  readonly clients: number;
  readonly active: number;
  readonly burst: number;
  readonly rate: number;
  readonly isOneCore: boolean;
  readonly jsonFile: string | null;
  readonly nodeFlags: readonly string[];
  readonly traceFile: string | null;
}

/** Null: misuse, or help is wanted. */
function parseOptions(): Options | null {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    clients: text,
    active: text,
    burst: text,
    rate: text,
    json: text,
    'node-flags': text,
    trace: text,
    quick: flag,
    'one-core': flag,
    help: flag,
  };
  const { values } = parseArgs({ options });
  const clients = Number(values.clients ?? (values.quick ? FIRST_STEP : 10_000));
  const active = Number(values.active ?? 100);
  const burst = Number(values.burst ?? BURST_CLIENTS);
  const rate = Number(values.rate ?? RATE);
  const isSound = [clients, active, burst, rate].every(
    (count) => Number.isInteger(count) && count >= 2 && count <= 60_000,
  );
  const isOneCore = values['one-core'] ?? false;
  const isPossible = active < clients && (!isOneCore || cpus().length > 1);
  if (values.help || !isSound || !isPossible) return null;
  const nodeFlags = values['node-flags']?.split(' ').filter(Boolean) ?? [];
  return {
    clients,
    active,
    burst,
    rate,
    isOneCore,
    jsonFile: values.json ?? null,
    nodeFlags,
    traceFile: values.trace ?? null,
  };
}

function say(text: string): void {
  process.stderr.write(`[${(performance.now() / 1000).toFixed(2)}] ${text}\n`);
}

async function measure(options: Options, cleanUp: (() => Promise<unknown>)[], lines: Line[]): Promise<void> {
  const { clients, active: activeCount } = options;
  const report = (fresh: readonly Line[]) => {
    lines.push(...fresh);
    for (const { title, value, unit } of fresh) say(`${title}: ${digits(value)} ${unit}`);
  };
  const directory = await mkdtemp(join(tmpdir(), 'resip-vpn-scale-'));
  cleanUp.push(() => rm(directory, { recursive: true, force: true }));
  const rig = await Rig.raise();
  cleanUp.push(() => rig.close());
  const emptyBytes = await ScaleServer.emptyBytes(rig, directory);
  say(`a server that knows ${clients} clients …`);
  const processors = options.isOneCore ? { server: '0', crowd: `1-${cpus().length - 1}` } : null;
  const server = await ScaleServer.start(rig, join(directory, 'server'), clients, {
    nodeFlags: options.nodeFlags,
    processors: processors?.server,
  });
  cleanUp.push(async () => {
    await server.stop();
    if (options.traceFile !== null) await writeFile(options.traceFile, server.output);
  });
  const start = () => {
    const generator = new GeneratorClient(rig.client, server.generatorOptions, processors?.crowd);
    cleanUp.push(() => generator.stop());
    return generator;
  };
  const active = start();
  await active.ask({ kind: 'make', from: 0, to: activeCount });
  await active.ask({ kind: 'connect', count: activeCount, inFlight: 16 });
  say(`${clients - activeCount} more clients, still silent …`);
  const crowd = await Generators.make(activeCount, clients, start);
  let from = activeCount;
  for (const to of new Set([Math.min(FIRST_STEP, clients), clients])) {
    report(await grow(server, crowd, from, to, emptyBytes));
    from = to;
  }
  const count = Math.min(options.burst, crowd.total);
  const phases = [
    () => load(server, active, activeCount),
    () => quiet(active, activeCount),
    () => burst(server, active, crowd, count, options.rate),
    () => burst(server, active, crowd, count, 0),
  ];
  for (const phase of phases) {
    const before = await readDrops(rig);
    report(await phase());
    // A loss without its cause is no result.
    for (const drops of grownDrops(before, await readDrops(rig))) say(`  ${drops}`);
  }
}

function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Number.isInteger(value) ? `${value}` : Number(value.toPrecision(3)).toString();
}

async function main(): Promise<number> {
  const options = parseOptions();
  if (options === null) {
    const isHelp = process.argv.includes('--help');
    (isHelp ? process.stdout : process.stderr).write(`${USAGE}\n`);
    return isHelp ? 0 : 2;
  }
  await sweep();
  const lines: Line[] = [];
  const cleanUp: (() => Promise<unknown>)[] = [];
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
  try {
    const outcome = await Promise.race([measure(options, cleanUp, lines), interrupted]);
    if (outcome === 'interrupted') {
      say('stopping; taking everything down');
      return 130;
    }
    const table = plainTable(['', '', ''], 1);
    for (const { title, value, unit } of lines) table.push([title, digits(value), unit]);
    process.stdout.write(`${table.toString()}\n`);
    const machine = {
      kernel: release(),
      node: process.version,
      cpus: cpus().length,
      model: cpus()[0]?.model,
    };
    const json = `${JSON.stringify({ machine, options, lines }, null, 2)}\n`;
    if (options.jsonFile !== null) await writeFile(options.jsonFile, json);
    return 0;
  } finally {
    for (const undo of cleanUp.reverse()) await undo();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`${(error as Error).stack ?? error}`);
  process.exitCode = 1;
}

// An interrupted measurement may still wait for something that is gone.
process.exit();
