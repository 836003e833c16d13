/** The server under test: the product's own process, started from the command line with clients that it knows. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import type { Process } from '../../netns/lab/process.ts';
import { attempt, pause, waitFor } from '../../netns/lab/process.ts';
import { MAIN } from '../compare/resip.ts';
import { readCpu } from '../compare/usage.ts';
import { type Rig, SERVER_ENDPOINT } from '../rig.ts';
import { confined } from './confined.ts';
import { DISCARD_PORT } from './inner-packet.ts';
import type { GeneratorOptions } from './messages.ts';
import { writeState } from './population.ts';

const PORT = 4600;
const POOL = '10.77.0.0/16';
const TUN = 'tun0';
const SEED = 'resip-vpn bench';
export interface ServerStart {
  /** For profiles. */
  readonly nodeFlags?: readonly string[];
  /** Where it may run, as taskset takes it: `0`, `1-3`; all if absent. */
  readonly processors?: string;
}

/** Reading 10,000 records takes a while. */
const READY_WITHIN_MS = 60_000;
const EMPTY_SETTLE_MS = 2_000;

export class ScaleServer {
  private constructor(
    private readonly daemon: Process,
    readonly generatorOptions: GeneratorOptions,
  ) {}

  /** Memory of a server that knows nobody, bytes. */
  static async emptyBytes(rig: Rig, directory: string): Promise<number> {
    const server = await ScaleServer.start(rig, join(directory, 'empty'), 0);
    await pause(EMPTY_SETTLE_MS);
    const { anonymousBytes } = await server.memory();
    await server.stop();
    return anonymousBytes;
  }

  /** Resolves when it listens; `clients` are known to it, none is connected. */
  static async start(
    rig: Rig,
    stateDir: string,
    clients: number,
    { nodeFlags = [], processors }: ServerStart = {},
  ): Promise<ScaleServer> {
    if (!existsSync(MAIN)) throw new Error('dist/main.js is not built: run `npm run build`');
    const keys = await writeState(stateDir, SEED, clients, await loadPrimitives());
    const daemon = rig.server.start([
      ...confined(processors),
      ...[
        process.execPath,
        ...nodeFlags,
        MAIN,
        'server',
        '--listen',
        `${SERVER_ENDPOINT}:${PORT}`,
        '--pool',
        POOL,
      ],
      ...['--tun', TUN, '--no-nat', '--max-clients', `${Math.max(1, clients)}`, '--log-level', 'warn'],
      ...['--state-dir', stateDir],
    ]);
    await waitFor(
      'the server to listen',
      async () => {
        if (!daemon.isRunning) throw new Error(daemon.stderr);
        const { stdout } = await attempt(rig.server.command(['ss', '-Hulpn', `sport = :${PORT}`]));
        const { stdout: links } = await attempt(rig.server.command(['ip', '-br', 'addr', 'show', TUN]));
        return stdout.includes('users:') && links.includes('10.77.0.1/');
      },
      READY_WITHIN_MS,
    );
    // Nobody listens for the load, and answers to it would be load of another kind.
    const drop = ['-i', TUN, '-p', 'udp', '--dport', `${DISCARD_PORT}`, '-j', 'DROP'];
    await rig.server.run(['iptables', '-w', '-A', 'INPUT', ...drop]);
    return new ScaleServer(daemon, {
      seed: SEED,
      serverPublicKey: keys.publicKey,
      networkKey: keys.networkKey,
      endpoint: { address: SERVER_ENDPOINT, port: PORT },
      serverPid: daemon.child.pid as number,
      serverTun: TUN,
      serverAddress: '10.77.0.1',
    });
  }

  /** Processor time so far, seconds. */
  get cpuSeconds(): number {
    return readCpu([this.daemon]).daemons;
  }

  /** Now, bytes: all that is resident, and its part that is no file's: clients make no program text. */
  async memory(): Promise<{ readonly residentBytes: number; readonly anonymousBytes: number }> {
    const status = await readFile(`/proc/${this.daemon.child.pid}/status`, 'latin1');
    const bytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
    return { residentBytes: bytes('VmRSS'), anonymousBytes: bytes('RssAnon') };
  }

  /** What it wrote to stdout: where `nodeFlags` have it trace. */
  get output(): string {
    return this.daemon.stdout;
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
  }
}
