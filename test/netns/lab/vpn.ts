/** The product as users start it: the command line of the built program, in the lab's namespaces. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askDaemon } from '../../../src/control/control-client.ts';
import type { PathSnapshot, PeerSnapshot, Snapshot } from '../../../src/engine/messages.ts';
import type { Lab, Site } from './lab.ts';
import type { Namespace } from './namespace.ts';
import { SERVER_ADDRESS } from './plan.ts';
import { attempt, type Finished, type Process, run, waitFor } from './process.ts';

const PROGRAM = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
export const SERVER_PORT = 4600;
/** The first host of the default pool. */
export const SERVER_INNER_ADDRESS = '10.77.0.1';

/** Words that run the product. */
export function resipVpn(...words: readonly string[]): string[] {
  return [process.execPath, PROGRAM, ...words];
}

/** One server or client that was started, and what it says of itself: to `status --json`, and over the same socket. */
export class Daemon {
  readonly process: Process;
  readonly stateDir: string;
  readonly namespace: Namespace;

  constructor(process: Process, stateDir: string, namespace: Namespace) {
    this.process = process;
    this.stateDir = stateDir;
    this.namespace = namespace;
  }

  /** Without a process per question: those who measure ask often. */
  async status(): Promise<Snapshot> {
    return (await askDaemon(this.stateDir, { command: 'status' })) as Snapshot;
  }

  /** A client's server, or the client that a server knows by `name`. */
  async peer(name?: string): Promise<PeerSnapshot> {
    const { peers } = await this.status();
    const peer = name === undefined ? peers[0] : peers.find((candidate) => candidate.name === name);
    if (!peer) throw new Error(`no peer ${name ?? ''} among ${peers.map((other) => other.name).join(', ')}`);
    return peer;
  }

  async path(interfaceName: string): Promise<PathSnapshot> {
    const { paths } = await this.peer();
    const path = paths.find((candidate) => candidate.interfaceName === interfaceName);
    if (!path) throw new Error(`no path over ${interfaceName}`);
    return path;
  }

  /** Memory of the process that is in use now. */
  get residentBytes(): number {
    const status = readFileSync(`/proc/${this.process.child.pid}/status`, 'latin1');
    return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }

  /** Waits for a status that `accepts`; fails at once, with what the daemon said, when it has ended. */
  async until(what: string, accepts: (status: Snapshot) => boolean, timeoutMs?: number): Promise<Snapshot> {
    const status = await waitFor(
      `${what}\n${this.process.command}\n`,
      async () => {
        if (!this.process.isRunning) return 'ended';
        const snapshot = await this.status();
        return accepts(snapshot) && snapshot;
      },
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.process.stderr}`);
    });
    if (status === 'ended') throw new Error(`${this.process.command}: ended\n${this.process.stderr}`);
    return status;
  }

  /** SIGTERM, or what `signal` says, and the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished> {
    return this.process.stop(signal);
  }
}

export interface ClientOptions {
  /** Default: one for the first site's first client. */
  readonly invite?: string;
  readonly site?: Site;
  /** Default: all links of the site. */
  readonly interfaces?: readonly string[];
  readonly words?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Names the state directory; default `client`. */
  readonly name?: string;
}

/** A server and its clients in one lab. */
export class Vpn {
  readonly lab: Lab;
  readonly #label: string;
  readonly #daemons: Daemon[] = [];

  /** `label` sets the state directories apart from those of another server in the same lab. */
  constructor(lab: Lab, label = '') {
    this.lab = lab;
    this.#label = label;
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run \`npm run build\``);
  }

  stateDir(name: string): string {
    return join(this.lab.directory, `${this.#label}${name}`);
  }

  /** Starts the server and waits until it answers. */
  async startServer(words: readonly string[] = []): Promise<Daemon> {
    const server = this.#start(this.lab.server, 'server', ['server', ...words]);
    await server.until('the server to answer', () => true);
    return server;
  }

  /** One line: `resip://…`. */
  async invite(name: string, stateDir = this.stateDir('server'), host = SERVER_ADDRESS): Promise<string> {
    const words = ['invite', name, '--endpoint', `${host}:${SERVER_PORT}`, '--state-dir', stateDir];
    return (await run(resipVpn(...words))).trim();
  }

  /** Starts a client and does not wait: for those that are to fail. */
  launchClient(options: ClientOptions = {}): Daemon {
    const site = options.site ?? this.lab.client;
    const interfaces = options.interfaces ?? site.links.map((link) => link.interfaceName);
    const words = [
      'client',
      ...(options.invite ? [options.invite] : []),
      ...interfaces.flatMap((name) => ['-i', name]),
    ];
    const name = options.name ?? 'client';
    return this.#start(site.namespace, name, [...words, ...(options.words ?? [])], options.env);
  }

  /** Starts a client and waits until its tunnel has its address and its routes, and all its paths are up. */
  async startClient(options: ClientOptions = {}): Promise<Daemon> {
    const client = this.launchClient(options);
    const count = (options.interfaces ?? (options.site ?? this.lab.client).links).length;
    await client.until(`${count} paths up`, (status) => isUp(status, count));
    // What it says last: paths are up, and addresses there, before the routes are.
    await client.until('the tunnel to be configured', () => client.process.stderr.includes(' connected '));
    return client;
  }

  /** Server, one invite, one client over all links of the first site. */
  async startPair(
    words: { readonly server?: readonly string[]; readonly client?: readonly string[] } = {},
  ): Promise<{ readonly server: Daemon; readonly client: Daemon }> {
    const server = await this.startServer(words.server);
    const invite = await this.invite('laptop');
    const client = await this.startClient({ invite, words: words.client });
    const count = this.lab.client.links.length;
    await server.until(`${count} paths up at the server`, (status) => isUp(status, count));
    return { server, client };
  }

  /** Ends what still runs, the server last. */
  async stop(): Promise<void> {
    for (const daemon of [...this.#daemons].reverse()) if (daemon.process.isRunning) await daemon.stop();
  }

  /** Everything that may tell why something went wrong. */
  async describe(): Promise<string> {
    const links = await this.lab.report().catch((error: Error) => error.message);
    const parts = [`seed ${this.lab.seed}, links ${JSON.stringify(links)}`];
    for (const daemon of this.#daemons) {
      const { stdout, stderr } = await attempt(resipVpn('status', '--json', '--state-dir', daemon.stateDir));
      const state = daemon.process.isRunning ? `${stdout}${stderr}` : 'ended';
      parts.push(daemon.process.command, daemon.process.stderr, state);
    }
    return parts.join('\n');
  }

  #start(namespace: Namespace, name: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Daemon {
    const stateDir = this.stateDir(name);
    // Whatever the machine has under /etc does not matter here.
    const config = words.includes('--config') ? [] : ['--no-config'];
    const argv = resipVpn(...words, '--state-dir', stateDir, ...config);
    const daemon = new Daemon(this.lab.start(namespace, argv, { env }), stateDir, namespace);
    this.#daemons.push(daemon);
    return daemon;
  }
}

function isUp(status: Snapshot, paths: number): boolean {
  const peer = status.peers[0];
  return (
    peer?.session.established === true &&
    peer.address !== null &&
    peer.paths.filter((path) => path.state === 'up').length >= paths
  );
}
