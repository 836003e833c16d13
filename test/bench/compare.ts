/**
 * `npm run bench`: the product beside real peers, measured alternately in one run. Tables go to stdout, progress to
 * stderr, all numbers to a JSON file. Whatever ends the run takes down all that it raised.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweep } from '../netns/lab/namespace.ts';
import { startOpenvpn } from './compare/openvpn.ts';
import { type Options, parseOptions, USAGE, UsageError } from './compare/options.ts';
import { startRaw } from './compare/raw.ts';
import { printReport, toJson } from './compare/report.ts';
import { startOnePath, startTwoPaths } from './compare/resip.ts';
import { Results } from './compare/results.ts';
import { runAll } from './compare/run.ts';
import { NotAvailable, type StartSubject, type Subject, type SubjectId } from './compare/subject.ts';
import { machineLoad } from './compare/usage.ts';
import { startWireguard } from './compare/wireguard.ts';
import { Rig } from './rig.ts';

const STARTERS: Record<SubjectId, StartSubject> = {
  raw: startRaw,
  resip: startOnePath,
  'resip-2': startTwoPaths,
  'wireguard-go': startWireguard,
  openvpn: startOpenvpn,
};

/** Of the processors, while all subjects are idle. */
const QUIET_LOAD = 0.1;
const LOAD_WATCH_MS = 1_000;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), join(tmpdir(), 'resip-vpn-bench.json'));
  if (options === null) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) return;
      say('stopping; taking everything down');
      stop.abort();
    });
  }
  await sweep();
  const directory = await mkdtemp(join(tmpdir(), 'resip-vpn-bench-'));
  const rigs: Rig[] = [];
  const subjects: Subject[] = [];
  try {
    await startSubjects(options, directory, rigs, subjects, stop.signal);
    const load = await machineLoad(LOAD_WATCH_MS);
    if (load > QUIET_LOAD)
      say(`this machine is busy with other work (${Math.round(100 * load)} %): expect noise`);
    const results = await runAll(subjects, options, say, stop.signal, await earlierResults(options));
    process.stdout.write(`${printReport(results, subjects)}\n`);
    await writeFile(options.jsonFile, toJson(results, subjects, options, load));
    say(`all numbers: ${options.jsonFile}`);
    return stop.signal.aborted ? 130 : 0;
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
    for (const rig of rigs) await rig.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function earlierResults({ adds, jsonFile }: Options): Promise<Results> {
  return adds && existsSync(jsonFile)
    ? Results.from(JSON.parse(await readFile(jsonFile, 'utf8')))
    : new Results();
}

/** Fills `rigs` and `subjects` as it goes, so that a failure half-way leaves nothing unknown. */
async function startSubjects(
  options: Options,
  directory: string,
  rigs: Rig[],
  subjects: Subject[],
  signal: AbortSignal,
): Promise<void> {
  for (const id of options.subjects) {
    if (signal.aborted) return;
    say(`raising ${id}`);
    const rig = await Rig.raise();
    rigs.push(rig);
    const files = { directory: join(directory, id) };
    await mkdir(files.directory);
    try {
      subjects.push(await STARTERS[id](rig, files));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof NotAvailable)) throw error;
      say(`without ${id}: ${error.message}`);
    }
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const isMisuse = error instanceof UsageError;
  say(isMisuse ? `${error.message}\n\n${USAGE}` : `${(error as Error).stack ?? error}`);
  process.exitCode = isMisuse ? 2 : 1;
}
