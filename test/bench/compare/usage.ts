/** What a measurement costs: processor time of the daemons and of the whole machine, and memory. proc(5). */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type Process, pause } from '../../netns/lab/process.ts';

/** USER_HZ, the unit of all times in /proc; 100 on every Linux. */
const TICKS_PER_SECOND = 100;

export interface CpuTime {
  /** Seconds of user and system time of the daemons, all threads. */
  readonly daemons: number;
  /** Seconds that the processors of this machine were not idle, whatever for. */
  readonly machine: number;
}

export function readCpu(daemons: readonly Process[]): CpuTime {
  return {
    daemons: daemons.reduce((sum, daemon) => sum + processSeconds(daemon), 0),
    machine: machineSeconds(),
  };
}

/** Fraction 0..1 of this machine's processor time that is in use, watched for `ms`. */
export async function machineLoad(ms: number): Promise<number> {
  const [beforeSeconds, beganMs] = [machineSeconds(), performance.now()];
  await pause(ms);
  return (machineSeconds() - beforeSeconds) / (((performance.now() - beganMs) / 1000) * cpus().length);
}

/** Peak resident set, MB (10^6 bytes), since the process began. NaN when it has ended. */
export function peakResidentMegabytes(daemon: Process): number {
  const status = read(`/proc/${daemon.child.pid}/status`);
  return (Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024) / 1e6;
}

function processSeconds(daemon: Process): number {
  const stat = read(`/proc/${daemon.child.pid}/stat`);
  // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function machineSeconds(): number {
  const [user, nice, system, , , irq, softirq] = read('/proc/stat')
    .split('\n')[0]
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** A daemon that has ended measures as NaN. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
