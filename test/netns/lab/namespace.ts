/**
 * Network namespaces with names of their own: `rv<pid>.<n>-<role>`, so that any number of labs run side by side
 * and whoever comes later can tell what a killed one left behind.
 */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, Process, run, type StartOptions, waitFor } from './process.ts';

const NAME = /^rv(\d+)\.\d+-/;
/** From anywhere: process ids come again, and with them the names that a killed process of that id has left. */
let labs = randomInt(10_000);

/** A tag that no other lab on this machine has while this process lives. */
export function newTag(): string {
  return `rv${process.pid}.${labs++}`;
}

export class Namespace {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /**
   * A namespace with its loopback up, and reverse-path filtering as Debian has it (loose). Nobody else is on its links, so addresses
   * are there at once: duplicate address detection would take seconds, and what is compared later has to stand still.
   */
  static async create(name: string): Promise<Namespace> {
    await run(['ip', 'netns', 'add', name]);
    const namespace = new Namespace(name);
    await namespace.ip(['link set lo up']);
    await namespace.sysctl({
      'net.ipv4.conf.all.rp_filter': '2',
      'net.ipv4.conf.default.rp_filter': '2',
      'net.ipv6.conf.default.accept_dad': '0',
    });
    return namespace;
  }

  /** The words that run a command in here. */
  command(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...argv];
  }

  run(argv: readonly string[], options: { readonly input?: string } = {}): Promise<string> {
    return run(this.command(argv), options);
  }

  start(argv: readonly string[], options: StartOptions = {}): Process {
    return new Process(this.command(argv), options);
  }

  /** Lines of `ip -batch`, such as `addr add 192.0.2.1/24 dev eth0`. */
  async ip(lines: readonly string[]): Promise<void> {
    await run(['ip', '-n', this.name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  async sysctl(values: Readonly<Record<string, string>>): Promise<void> {
    await this.run([
      'sysctl',
      '-q',
      '-w',
      ...Object.entries(values).map(([key, value]) => `${key}=${value}`),
    ]);
  }

  /** What programs that are started from now on find in /etc/hosts, beside localhost: `192.0.2.1 name`. */
  async setHosts(lines: readonly string[]): Promise<void> {
    await mkdir(etcOf(this.name), { recursive: true });
    await writeFile(join(etcOf(this.name), 'hosts'), `${['127.0.0.1 localhost', ...lines].join('\n')}\n`);
  }

  async remove(): Promise<void> {
    await removeNamespace(this.name);
  }
}

/** Ends what a lab left behind whose process is gone: programs in its namespaces by their id, namespaces, directories. */
export async function sweep(): Promise<void> {
  const names = (await run(['ip', 'netns', 'list'])).split('\n').map((line) => line.split(' ')[0]);
  for (const name of names.filter(isOrphan)) await removeNamespace(name);
  for (const name of (await readdir(tmpdir())).filter(isOrphan))
    await rm(join(tmpdir(), name), { recursive: true, force: true });
}

function isOrphan(name: string): boolean {
  const pid = NAME.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

/** `ip netns exec` shows what lies here under /etc. */
function etcOf(name: string): string {
  return join('/etc/netns', name);
}

/** A namespace can stay busy for a moment after its last process: tried until it is gone. */
async function removeNamespace(name: string): Promise<void> {
  await waitFor(`namespace ${name} to go`, async () => {
    await killAll(name);
    await attempt(['ip', 'netns', 'del', name]);
    return !existsSync(`/run/netns/${name}`);
  });
  await rm(etcOf(name), { recursive: true, force: true });
}

async function killAll(name: string): Promise<void> {
  const { stdout } = await attempt(['ip', 'netns', 'pids', name]);
  for (const pid of stdout.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Ended on its own in the meantime.
    }
  }
}
