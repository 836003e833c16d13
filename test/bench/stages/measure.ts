/** The measurement behind `npm run bench:stages`; expects to be root in a network namespace of its own. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { plainTable } from '../table.ts';
import { measureAllocation } from './allocation.ts';
import { openDevices } from './devices.ts';
import { connectEnds } from './ends.ts';
import { LOADS } from './load.ts';
import { measureAlone, measureLoad } from './rounds.ts';
import type { StageTime } from './stopwatch.ts';

const USAGE = `npm run bench:stages -- [options]

  --rounds N     rounds of 320 packets through all stages, per load (default 400)
  --json FILE    all numbers, nanoseconds per packet`;
const DEFAULT_ROUNDS = 400;

type Times = ReadonlyMap<string, StageTime>;

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { rounds: text, json: text, help: { type: 'boolean' } } });
  const rounds = Number(values.rounds ?? DEFAULT_ROUNDS);
  if (values.help || !Number.isInteger(rounds) || rounds < 10) {
    (values.help ? process.stdout : process.stderr).write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const devices = await openDevices();
  const ends = await connectEnds();
  const times = LOADS.map((load) => {
    process.stderr.write(`${load.title} …\n`);
    return measureLoad(ends, devices, load, rounds);
  });
  const allocated = LOADS.map((load) => measureAllocation(ends, devices, load, rounds));
  const alone = measureAlone(devices, rounds);
  process.stdout.write(`${loadTable(times)}\n\n${allocationTable(allocated)}\n\n${aloneTable(alone)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, toJson(times, allocated, alone));
  return 0;
}

/** One column per load, and what a byte costs: the slope between the small and the large UDP packets. */
function loadTable(times: readonly Times[]): string {
  const [, small, large] = LOADS;
  const table = plainTable([
    'ns per packet, median [p5–p95]',
    ...LOADS.map(({ title }) => title),
    'ns per byte',
  ]);
  for (const stage of times[0].keys()) {
    const [, smallTime, largeTime] = times.map((time) => time.get(stage)?.medianNs ?? Number.NaN);
    const slope = (largeTime - smallTime) / (large.bytes - small.bytes);
    table.push([stage, ...times.map((time) => cell(time.get(stage))), slope.toFixed(3)]);
  }
  const sums = times.map((time) => sumOf(time).toFixed(0));
  const sumSlope = (sumOf(times[2]) - sumOf(times[1])) / (large.bytes - small.bytes);
  table.push(['both ends, one path', ...sums, sumSlope.toFixed(3)]);
  return table.toString();
}

/** Of the stages that every packet passes once. */
function sumOf(times: Times): number {
  let sum = 0;
  for (const [stage, { medianNs }] of times)
    if (!stage.startsWith(' ') && stage !== 'second copy') sum += medianNs;
  return sum;
}

function allocationTable(allocated: readonly number[]): string {
  const table = plainTable(['heap bytes per packet, median', ...LOADS.map(({ title }) => title)]);
  table.push(['both ends, all stages', ...allocated.map((bytes) => bytes.toFixed(2))]);
  return table.toString();
}

function aloneTable(alone: Times): string {
  const table = plainTable(['ns per call, median [p5–p95]', '']);
  for (const [stage, time] of alone) table.push([stage, cell(time)]);
  return table.toString();
}

function cell(time: StageTime | undefined): string {
  if (time === undefined) return '–';
  const { medianNs, lowNs, highNs } = time;
  const digits = medianNs < 100 ? 1 : 0;
  return `${medianNs.toFixed(digits)} [${lowNs.toFixed(digits)}–${highNs.toFixed(digits)}]`;
}

function toJson(times: readonly Times[], heapBytes: readonly number[], alone: Times): string {
  const loads = Object.fromEntries(LOADS.map(({ title }, i) => [title, Object.fromEntries(times[i])]));
  return `${JSON.stringify({ node: process.version, loads, heapBytes, alone: Object.fromEntries(alone) }, null, 2)}\n`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
}
// TUN devices and sockets have no watcher; what holds the process open is nothing that is wanted.
process.exit();
