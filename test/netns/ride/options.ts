/** What the programs of this directory have in common: numbers on their command line, and a lab that goes with them. */
import { parseArgs } from 'node:util';
import type { Lab } from '../lab/lab.ts';

export const say = (text = '') => process.stdout.write(`${text}\n`);

/** The whole number behind `--name`; null, and said why, when it is none. */
export function readNumber(name: string, otherwise: number): number | null {
  try {
    const { values } = parseArgs({ options: { [name]: { type: 'string' } } });
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value > 0) return value;
    process.stderr.write(`--${name}: expected a whole number, got ${values[name]}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
  }
  process.exitCode = 2;
  return null;
}

/** Takes the lab down at the end, also when it is interrupted. */
export async function withLab(raise: () => Promise<Lab>, work: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await raise();
  const interrupt = () => void lab.close().finally(() => process.exit(130));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    await work(lab);
  } finally {
    await lab.close();
  }
}
