/**
 * `terminal-typist.ts HOST PORT`: a session of somebody who types a line each 120 ms, whatever comes back, and compares each
 * answer. Prints `started` when connected, `TerminalReport` as JSON on SIGUSR1 and at the end: on SIGTERM, or when the
 * connection ends.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { TerminalReport } from './terminal.ts';
import { TerminalChecksum } from './terminal-checksum.ts';

const EVERY_MS = 120;
/** Typed and not answered: somebody stops typing there. */
const MAX_UNANSWERED = 2_000;
/** Without an answer: the session stood still. */
const SILENCE_MS = 1_000;

const report: TerminalReport = {
  typed: 0,
  answered: 0,
  wrong: 0,
  longestWaitMs: 0,
  resumedAtMs: 0,
  ended: null,
};
const checksum = new TerminalChecksum();
/** Expected answers, oldest first, and when their lines were typed. */
const waiting: { readonly answer: string; readonly atMs: number }[] = [];

function type(): void {
  if (waiting.length === MAX_UNANSWERED) return;
  const line = `${report.typed}`;
  report.typed += 1;
  checksum.handleText(`${line}\n`);
  waiting.push({ answer: `${line} ${checksum.text}`, atMs: performance.now() });
  socket.write(`${line}\n`);
}

function print(): void {
  const openMs = waiting.length > 0 ? performance.now() - waiting[0].atMs : 0;
  const longestWaitMs = Math.round(Math.max(report.longestWaitMs, openMs));
  process.stdout.write(`${JSON.stringify({ ...report, longestWaitMs })}\n`);
}

function end(reason: string | null): void {
  report.ended ??= reason;
  clearInterval(timer);
  print();
  process.stdout.write('', () => process.exit(0));
}

let answeredAtMs = Date.now();

const [host, port] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), noDelay: true });
let timer: NodeJS.Timeout;
socket.on('connect', () => {
  process.stdout.write('started\n');
  timer = setInterval(type, EVERY_MS);
});
socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
socket.on('end', () => end('closed by the other end'));
createInterface({ input: socket }).on('line', (line) => {
  const expected = waiting.shift();
  report.answered += 1;
  const now = Date.now();
  if (now - answeredAtMs >= SILENCE_MS) report.resumedAtMs = now;
  answeredAtMs = now;
  if (line !== expected?.answer) report.wrong += 1;
  if (expected) report.longestWaitMs = Math.max(report.longestWaitMs, performance.now() - expected.atMs);
});
process.on('SIGUSR1', () => {
  print();
  report.longestWaitMs = 0;
});
process.on('SIGTERM', () => end(null));
