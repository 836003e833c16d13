/** A network namespace for one test, with everything that runs in it. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';

/** From anywhere: process ids come again, and with them the names that a killed process of that id has left. */
let made = randomInt(10_000);

export class Namespace {
  readonly name = `rvt-${process.pid}-${made++}`;
  private readonly children: ChildProcessWithoutNullStreams[] = [];

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name]);
    this.ip('link', 'set', 'lo', 'up');
  }

  /** `ip -n NAME …`; returns stdout. */
  ip(...args: string[]): string {
    return execFileSync('ip', ['-n', this.name, ...args], { encoding: 'utf8' });
  }

  /** Moves a device of the test's own namespace in here and brings it up. The descriptor stays with the test. */
  adopt(device: string, addresses: readonly string[], mtu = 1400): void {
    execFileSync('ip', ['link', 'set', device, 'netns', this.name]);
    for (const address of addresses) {
      this.ip('addr', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
    }
    this.ip('link', 'set', device, 'mtu', String(mtu), 'up');
  }

  /** Runs a command to its end; throws when it fails. */
  run(command: string, ...args: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.name, command, ...args], {
      encoding: 'utf8',
      timeout: 20_000,
    });
  }

  spawn(command: string, ...args: string[]): ChildProcessWithoutNullStreams {
    const child = spawn('ip', ['netns', 'exec', this.name, command, ...args]);
    child.stderr.pipe(process.stderr);
    this.children.push(child);
    return child;
  }

  /** Packets that the kernel took from the descriptor of a device. */
  received(device: string): number {
    return JSON.parse(this.ip('-s', '-j', 'link', 'show', 'dev', device))[0].stats64.rx.packets;
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}
