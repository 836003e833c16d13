/** Network namespaces for tests of the host side: made, looked at byte for byte, and taken down. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Longer than any call takes on a busy machine. */
const PATIENCE_MS = 40_000;
const AGENT = fileURLToPath(new URL('./host-agent.mjs', import.meta.url));
/** From anywhere: process ids come again, and with them the names that a killed process of that id has left. */
let count = randomInt(10_000);

export class Namespace {
  readonly name = `rh${process.pid}-${count++}`;
  readonly #agents: HostAgent[] = [];
  readonly #directories: string[] = [];

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name]);
    this.run('ip link set lo up');
    // Addresses are usable, and look the same, from the first moment.
    this.run('sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0');
  }

  /** Runs a command line (words, no quoting) inside; returns its stdout, throws when it fails. */
  run(commandLine: string): string {
    const words = ['netns', 'exec', this.name, ...commandLine.split(' ')];
    return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  succeeds(commandLine: string): boolean {
    try {
      this.run(commandLine);
      return true;
    } catch {
      return false;
    }
  }

  /** Everything that the product may change, as text. Times, packet counts, and the order of rules of one priority left out. */
  snapshot(): string {
    const commands = [
      'ip -j addr',
      'ip -j -4 route show table all',
      'ip -j -6 route show table all',
      'ip -j -4 rule',
      'ip -j -6 rule',
      'iptables-save',
      'ip6tables-save',
      'nft list tables',
      'sysctl -e net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv6.conf.eth0.accept_ra',
    ];
    const answer = (command: string) => {
      const output = this.run(command);
      if (!command.endsWith(' rule')) return output;
      const rules = JSON.parse(output) as unknown[];
      return rules.map((rule) => `${JSON.stringify(rule)}\n`).sort();
    };
    const text = commands.flatMap((command) => [`> ${command}\n`, ...answer(command)]).join('');
    return text.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '');
  }

  stateDir(): string {
    const directory = mkdtempSync(join(tmpdir(), 'resip-host-'));
    this.#directories.push(directory);
    return directory;
  }

  agent(): HostAgent {
    const agent = new HostAgent(this.name);
    this.#agents.push(agent);
    return agent;
  }

  async remove(): Promise<void> {
    for (const agent of this.#agents) await agent.kill();
    execFileSync('ip', ['netns', 'del', this.name]);
    for (const directory of this.#directories) rmSync(directory, { recursive: true });
  }
}

/** One instance's host side, in a process of its own. */
export class HostAgent {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: { result?: unknown; error?: string }) => void>();
  #nextId = 1;

  constructor(namespace: string) {
    this.#process = spawn('ip', ['netns', 'exec', namespace, process.execPath, AGENT], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line);
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#process.stdin!.on('error', () => {});
    this.#process.once('close', () => {
      for (const answer of this.#waiting.values()) answer({ error: this.#describe() });
    });
  }

  /**
   * A method of the network, or one of the agent's own calls. Rejects with the message of its error, and with what it is
   * busy with when no answer comes.
   */
  async call<T = unknown>(call: string, ...args: unknown[]): Promise<T> {
    const id = this.#nextId++;
    const answered = new Promise<{ result?: unknown; error?: string }>((resolve) => {
      this.#waiting.set(id, resolve);
      setTimeout(() => {
        if (this.#waiting.has(id)) resolve({ error: `${call}: no answer\n${this.#describe()}` });
      }, PATIENCE_MS).unref();
    });
    this.#process.stdin!.write(`${JSON.stringify({ id, call, args })}\n`);
    const { result, error } = await answered;
    if (error !== undefined) throw new Error(error);
    return result as T;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Its process and those it has started. */
  #describe(): string {
    const { pid, exitCode, signalCode } = this.#process;
    const lines = execFileSync('ps', ['-eo', 'pid,ppid,stat,wchan:24,etimes,args', '--forest'], {
      encoding: 'utf8',
    }).split('\n');
    const at = lines.findIndex((line) => Number.parseInt(line, 10) === pid);
    return at < 0 ? `ended: ${exitCode ?? signalCode}` : lines.slice(at, at + 6).join('\n');
  }

  /** SIGKILL: nothing is cleaned up. `ip netns exec` has become the agent itself, so this is its process. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    // Nobody waits for what was under way.
    this.#waiting.clear();
    await once(this.#process, 'exit');
  }
}
