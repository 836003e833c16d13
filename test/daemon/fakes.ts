/** Stand-ins for what a daemon composes: engine, network, log and life. Each records what it was asked, in order. */
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { formatInvite, type Invite, parseInvite } from '../../src/config/invite.ts';
import { loadPrimitives } from '../../src/crypto/sodium.ts';
import type { ClientNetworkPort, ClientParts } from '../../src/daemon/client.ts';
import type { Life } from '../../src/daemon/lifecycle.ts';
import type { Log } from '../../src/daemon/log.ts';
import type { ServerNetworkPort, ServerParts } from '../../src/daemon/server.ts';
import { ServiceManager } from '../../src/daemon/service-manager.ts';
import type { Engine } from '../../src/engine/engine-client.ts';
import type {
  EngineCommand,
  EngineEvent,
  EngineOptions,
  Sample,
  Snapshot,
} from '../../src/engine/messages.ts';
import { UserError } from '../../src/errors.ts';
import type { Exclusion } from '../../src/host/client-network.ts';
import type { InterfaceChange } from '../../src/host/interface-watch.ts';
import type { PathRequest, PathResult } from '../../src/host/path-table.ts';
import type { PersistRequest } from '../../src/host/persist-redirect.ts';

/** What happened, in order, over all fakes of one test. */
export type Journal = string[];

export class FakeEngine implements Engine {
  readonly commands: EngineCommand[] = [];
  private callback = (_: EngineEvent) => {};

  constructor(
    readonly options: EngineOptions,
    private readonly journal: Journal,
  ) {
    journal.push('engine started');
    setImmediate(() => this.emit({ kind: 'ready', tunName: options.tunName, ports: [4600] }));
  }

  post(command: EngineCommand): void {
    this.commands.push(command);
    this.journal.push(command.kind === 'path-open' ? `path-open ${command.interfaceName}` : command.kind);
  }

  onEvent(callback: (event: EngineEvent) => void): void {
    this.callback = callback;
  }

  emit(event: EngineEvent): void {
    this.callback(event);
  }

  async snapshot(): Promise<Snapshot> {
    return { role: this.options.role, peers: [] } as unknown as Snapshot;
  }

  async sample(): Promise<Sample> {
    return { atMs: 0, peerCount: 0, connectedCount: 0, sentBytes: 0, receivedBytes: 0, peers: [] };
  }

  async stop(): Promise<void> {
    this.journal.push('engine stopped');
  }
}

/** Interfaces that `usable` names carry paths of the families listed there. */
export class FakeNetwork implements ClientNetworkPort, ServerNetworkPort {
  readonly usable = new Map<string, (4 | 6)[]>();
  readonly index = new Map<string, number>();
  readonly gateway = new Map<string, string>();
  readonly mtuBytes = new Map<string, number>();
  private change = (_: InterfaceChange) => {};

  constructor(private readonly journal: Journal) {}

  async openPath({ path, interfaceName, family }: PathRequest): Promise<PathResult> {
    if (this.usable.get(interfaceName)?.includes(family)) {
      const way = {
        linkIndex: this.index.get(interfaceName) ?? 1,
        text: this.gateway.get(interfaceName) ?? '',
      };
      const mtuBytes = this.mtuBytes.get(interfaceName) ?? 1_500;
      return { ok: true, mark: 0x100 + path, mtuBytes, way, warnings: [] };
    }
    const isMissing = !this.usable.has(interfaceName);
    const what = `the interface ${interfaceName} ${isMissing ? 'does not exist' : `has no IPv${family} address`}`;
    return { ok: false, problem: isMissing ? 'missing' : 'no-address', error: new UserError(what) };
  }

  async uplinks(): Promise<string[]> {
    return [...this.usable.keys()];
  }

  async closePath(path: number): Promise<void> {
    this.journal.push(`network closed path ${path}`);
  }

  /** No warnings for a client; a server expects nothing. */
  async configureTun(...args: unknown[]): Promise<never> {
    this.journal.push(`tun ${JSON.stringify(args)}`);
    return [] as never;
  }

  async routeAll(tunName: string): Promise<void> {
    this.journal.push(`route all ${tunName}`);
  }

  async routeSome(tunName: string, networks: readonly string[]): Promise<void> {
    this.journal.push(`route ${networks} ${tunName}`);
  }

  async watchInterfaces(_: unknown, onChange: (change: InterfaceChange) => void): Promise<never> {
    this.change = onChange;
    return undefined as never;
  }

  /** The machine tells of a change. */
  tell(kind: 'gone' | 'appeared' | 'up' | 'down' | 'mtu', interfaceName: string): void {
    this.change({ kind, interfaceName });
  }

  /** Another device under the same name. */
  replace(interfaceName: string): void {
    this.index.set(interfaceName, (this.index.get(interfaceName) ?? 1) + 1);
    this.tell('gone', interfaceName);
    this.tell('appeared', interfaceName);
  }

  async checkPools(pools: readonly string[]): Promise<void> {
    this.journal.push(`checked ${pools[0]}`);
  }

  async obstacles(): Promise<never[]> {
    return [];
  }

  async enableNat({ outInterface }: { outInterface?: string }): Promise<string> {
    this.journal.push(`nat ${outInterface}`);
    return outInterface ?? 'eth0';
  }

  readonly persistHold = { group: 0, marks: { onward: 0, answer: 0 } };

  async persist(request: PersistRequest | null): Promise<void> {
    this.journal.push(request === null ? 'persist off' : `persist ${request.ports} at ${request.port4}`);
  }

  exclusion(name: string): Exclusion {
    return { name, mark4: 1, mark6: 0, connectionMark: 2 };
  }

  async useDns(_: string, servers: readonly string[]): Promise<void> {
    if (servers.length > 0) this.journal.push(`dns ${servers}`);
  }

  async lookup(): Promise<never> {
    throw new Error('nobody knows');
  }

  async allowServers(): Promise<void> {}

  async close(keepsKillSwitch?: boolean): Promise<void> {
    if (keepsKillSwitch) this.journal.push('kill switch kept');
    this.journal.push('network closed');
  }
}

export class FakeLog implements Log {
  readonly lines: { level: string; event: string; fields: Record<string, unknown> }[] = [];
  debug = this.#at('debug');
  info = this.#at('info');
  warn = this.#at('warn');
  error = this.#at('error');

  constructor(private readonly journal: Journal) {}

  of(event: string) {
    return this.lines.filter((line) => line.event === event);
  }

  #at(level: string) {
    return (fields: object, event: string) => {
      this.lines.push({ level, event, fields: { ...fields } });
      if (level !== 'debug') this.journal.push(`log ${event}`);
    };
  }
}

export class FakeLife implements Life {
  readonly failures: unknown[] = [];
  private readonly undoings: (() => void | Promise<void>)[] = [];
  isEnding = false;

  get hasFailed(): boolean {
    return this.failures.length > 0;
  }

  constructor() {
    onTestFinished(() => this.end());
  }

  defer(_: string, undo: () => void | Promise<void>): void {
    this.undoings.push(undo);
  }

  /** What SIGHUP does. */
  hangup = () => {};

  onHangup(reload: () => void): void {
    this.hangup = reload;
  }

  fail(error: unknown): void {
    this.failures.push(error);
  }

  orEnd<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  async end(): Promise<void> {
    this.isEnding = true;
    for (const undo of this.undoings.splice(0).reverse()) await undo();
  }
}

/** One daemon's surroundings. */
export function surroundings() {
  const journal: Journal = [];
  const log = new FakeLog(journal);
  const network = new FakeNetwork(journal);
  const life = new FakeLife();
  const engines: FakeEngine[] = [];
  const service = new ServiceManager(
    { NOTIFY_SOCKET: '/told' },
    (_, text) => void journal.push(`told ${text}`),
    log,
  );
  const common = {
    service,
    startEngine: (options: EngineOptions) => {
      const engine = new FakeEngine(options, journal);
      engines.push(engine);
      return engine;
    },
    openNetwork: async () => {
      journal.push('network opened');
      return network;
    },
    logFor: () => log,
    setLogLevel: (level: string) => void journal.push(`log level ${level}`),
  };
  const clientParts: ClientParts = {
    ...common,
    loadPrimitives,
    lookup: async () => ['192.0.2.1'],
    clockMs: () => 0,
    loadConfig: () => expect.fail('nobody asked for it'),
  };
  const serverParts: ServerParts = {
    ...common,
    clockMs: () => 0,
    loadConfig: () => expect.fail('nobody asked for it'),
  };
  return { journal, log, network, life, engines, clientParts, serverParts };
}

export function makeInvite(host = '192.0.2.1'): Invite {
  const key = () => new Uint8Array(randomBytes(32));
  const invite = parseInvite(
    formatInvite({
      endpoint: { host, port: 4600 },
      serverPublicKey: key(),
      networkKey: key(),
      secret: key(),
      name: 'laptop',
    }),
  );
  if (typeof invite === 'string') throw new Error(invite);
  return invite;
}
