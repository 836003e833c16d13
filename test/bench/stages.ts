/**
 * `npm run bench:stages`: what each stage of the packet path costs, in nanoseconds per packet and per byte, so that a
 * regression names its stage. Runs `stages/measure.ts` in a network namespace that ends with it.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MEASURE = fileURLToPath(new URL('./stages/measure.ts', import.meta.url));

const words = [process.execPath, '--import', 'tsx', MEASURE, ...process.argv.slice(2)];
const child = spawn('unshare', ['--net', ...words], { stdio: 'inherit' });
// Ctrl-C reaches the child by itself; this process stays to tell how it ended.
process.on('SIGINT', () => undefined);
child.on('error', (error) => {
  process.stderr.write(`unshare (util-linux) cannot be run: ${error.message}\n`);
  process.exitCode = 1;
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
