/**
 * `crowd.ts HOST PORT AT_ONCE SECONDS`: so many connections at once, each of which asks a line, gets its answer, ends its direction
 * and waits for the other end's; then the next. After SECONDS no new ones begin. Prints `CrowdReport` as JSON.
 */
import { connect } from 'node:net';

export interface CrowdReport {
  /** Ended in order, with the answer. */
  readonly done: number;
  /** Most that had their answer and were open at the same time. */
  readonly mostOpen: number;
  /** What the others ended with. */
  readonly failures: readonly string[];
}

const [host, port, atOnce, seconds] = process.argv.slice(2);
const untilMs = performance.now() + 1_000 * Number(seconds);
const AT_ONCE = Number(atOnce);
const failures: string[] = [];
let done = 0;
let running = 0;
let open = 0;
let mostOpen = 0;
/** Those that have their answer, and wait for the others of their round. */
let answered: (() => void)[] = [];

function begin(): void {
  running++;
  const socket = connect({ host, port: Number(port), allowHalfOpen: true }, () => socket.write('hello\n'));
  let text = '';
  let failure = '';
  socket.on('data', (chunk) => {
    if (text === '') {
      mostOpen = Math.max(mostOpen, ++open);
      answered.push(() => socket.end());
      if (answered.length + failures.length >= AT_ONCE) release();
    }
    text += chunk;
  });
  socket.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => {
    failure = code;
  });
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    running--;
    if (text !== '') open--;
    if (failure === '' && text.startsWith('hello ')) done++;
    else failures.push(failure || 'no answer');
    if (running === 0) round();
  });
}

/** A whole round is open: all end their direction. */
function release(): void {
  const ends = answered;
  answered = [];
  for (const end of ends) end();
}

function round(): void {
  if (performance.now() < untilMs && failures.length === 0) {
    for (let i = 0; i < AT_ONCE; i++) begin();
    return;
  }
  process.stdout.write(`${JSON.stringify({ done, mostOpen, failures: failures.slice(0, 5) })}\n`);
}

round();
