/**
 * `download-meter.ts URL`: downloads `/bytes/N`, compares every byte, and prints `DownloadReport` as JSON at the end or
 * on SIGTERM. Prints `started` with the first byte. SIGUSR1 begins a new lap for the longest stall.
 */
import { get } from 'node:http';
import { bytesAt } from '../numbered-bytes.ts';
import type { DownloadReport } from './download.ts';

/** Words are compared whole: what does not fill one yet waits for the next chunk. */
const WORD_BYTES = 4;

const report: DownloadReport = {
  bytes: 0,
  complete: false,
  corrupt: false,
  longestStallMs: 0,
  stallAtMs: 0,
  durationMs: 0,
  status: 0,
};
const startMs = performance.now();
let lastMs = 0;
let rest = Buffer.alloc(0);

function take(chunk: Buffer): void {
  const nowMs = performance.now();
  if (lastMs === 0) process.stdout.write('started\n');
  else if (nowMs - lastMs > report.longestStallMs) {
    report.longestStallMs = Math.round(nowMs - lastMs);
    report.stallAtMs = Math.round(lastMs - startMs);
  }
  lastMs = nowMs;
  const bytes = Buffer.concat([rest, chunk]);
  const whole = bytes.length - (bytes.length % WORD_BYTES);
  const position = report.bytes - rest.length;
  if (Buffer.compare(bytes.subarray(0, whole), bytesAt(position, whole)) !== 0) report.corrupt = true;
  rest = bytes.subarray(whole);
  report.bytes += chunk.length;
}

function finish(complete: boolean): void {
  report.complete = complete;
  report.durationMs = Math.round(performance.now() - startMs);
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}

const request = get(process.argv[2], { agent: false }, (response) => {
  report.status = response.statusCode ?? 0;
  response.on('data', take);
  response.on('end', () => finish(response.complete));
  response.on('error', () => finish(false));
});
request.on('error', () => finish(false));
process.on('SIGUSR1', () => {
  process.stdout.write(
    `${JSON.stringify({ ...report, durationMs: Math.round(performance.now() - startMs) })}\n`,
  );
  report.longestStallMs = 0;
});
process.on('SIGTERM', () => finish(false));
