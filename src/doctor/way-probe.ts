/**
 * The way to the server over each interface, found out as a client does: a handshake and probes by the client's own engine, with the
 * client's own keys, but with nothing routed into the tunnel. Only where no client runs.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientConfig } from '../config/client-config.ts';
import { lookupAll } from '../daemon/endpoints.ts';
import { refusal } from '../daemon/refusal.ts';
import { WantedInterfaces } from '../daemon/wanted-interfaces.ts';
import { type Engine, startEngine } from '../engine/engine-client.ts';
import type { Assignment, EngineEvent, PathSnapshot, SocketAddress } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import { ClientNetwork } from '../host/client-network.ts';
import { familyOf } from '../host/ip-prefix.ts';
import type { ClientState, StoredServer } from '../state/client-state.ts';

/** Until paths are given up; a handshake is repeated after 250, 500, 1,000 ms. */
const PATIENCE_MS = 5_000;
/** So long a path is asked closely, about four times a second, and the sizes that it takes are found out. */
const MEASURE_MS = 4_000;
const LOOK_EVERY_MS = 100;
const ATTEND_EVERY_MS = 1_000;
const MAX_PATHS = 8;
const DEVICE = 'rsdoc%d';

export interface Ways {
  readonly paths: readonly PathSnapshot[];
  /** Interfaces and families that could not carry a path, and why. */
  readonly problems: readonly { readonly interfaceName: string; readonly error: UserError }[];
  readonly refused?: UserError;
  readonly assignment?: Assignment;
  /** Of a client that runs: what its links lost before they came back still counts. */
  readonly isOfClient?: boolean;
}

export interface WayProbeOptions {
  readonly state: ClientState;
  readonly server: StoredServer;
  readonly config: ClientConfig;
  readonly stateDir: string;
  readonly addresses: readonly SocketAddress[];
}

/** The caller holds the daemon lock. Throws `UserError`. */
export async function probeWays(options: WayProbeOptions): Promise<Ways> {
  const { state, server, config, stateDir, addresses } = options;
  // An instance of its own: what a killed client left, its kill switch above all, stays as it is.
  const network = await ClientNetwork.open({ stateDir: join(stateDir, 'doctor'), log: QUIET });
  const engine = startEngine({
    role: 'client',
    tunName: DEVICE,
    privateKey: state.privateKey,
    serverPublicKey: server.publicKey,
    networkKey: server.networkKey,
    psk: server.psk,
    inviteId: server.inviteId,
    counter: await state.reserveCounters(Date.now()),
    endpoints: [],
    wantedAddress: config.address,
    policy: 'redundant',
    rules: [],
  });
  try {
    const heard = new Heard(engine);
    await heard.ready;
    engine.post({ kind: 'endpoints', endpoints: addresses });
    const problems = await openPaths(engine, network, config, addresses);
    return { ...(await measure(engine, heard)), problems: [...problems, ...heard.problems] };
  } finally {
    await engine.stop();
    await network.close();
  }
}

/** Every address of the server's name, by the system and past the tunnel. Throws the resolver's error. */
export async function serverAddresses({ endpoint }: StoredServer): Promise<SocketAddress[]> {
  const { host, port } = endpoint;
  return (await lookupAll(host)).map((address) => ({ address, port }));
}

const QUIET = { debug() {}, info() {}, warn() {} };

class Heard {
  readonly ready: Promise<void>;
  readonly problems: { interfaceName: string; error: UserError }[] = [];
  refused: UserError | undefined;
  assignment: Assignment | undefined;

  constructor(engine: Engine) {
    this.ready = new Promise((resolve, reject) => {
      engine.onEvent((event) => {
        if (event.kind === 'ready') resolve();
        else if (event.kind === 'failed') reject(new Error(event.message));
        else this.#handle(event);
      });
    });
  }

  #handle(event: EngineEvent): void {
    if (event.kind === 'assigned') this.assignment = event.assignment;
    else if (event.kind === 'refused') this.refused = refusal(event, undefined);
    else if (event.kind === 'path-failed') {
      const { interfaceName, message } = event;
      this.problems.push({
        interfaceName,
        error: new UserError(`the path over ${interfaceName} cannot be opened`, { cause: message }),
      });
    }
  }
}

/** One path per interface and family, as far as there are numbers; what cannot be is a problem. */
async function openPaths(
  engine: Engine,
  network: ClientNetwork,
  config: ClientConfig,
  addresses: readonly SocketAddress[],
): Promise<Ways['problems']> {
  const wanted = new WantedInterfaces(config.interfaces);
  const matched = (await network.uplinks()).filter((name) => wanted.specFor(name) !== undefined);
  const problems: { interfaceName: string; error: UserError }[] = [];
  let path = 0;
  for (const interfaceName of new Set([...wanted.named, ...matched])) {
    const refused: UserError[] = [];
    const families = ([4, 6] as const).filter((family) => reachOf(addresses, family).length > 0);
    for (const family of families) {
      if (path >= MAX_PATHS) break;
      const reach = reachOf(addresses, family);
      const result = await network.openPath({ path, interfaceName, family, reach });
      if (!result.ok) {
        refused.push(result.error);
        continue;
      }
      const { mark, mtuBytes } = result;
      engine.post({ kind: 'path-open', path: path++, interfaceName, family, mark, mtuBytes });
    }
    // One family is enough, and a pattern means many interfaces that lead nowhere.
    if (refused.length === families.length && wanted.named.includes(interfaceName))
      problems.push({ interfaceName, error: refused[0] });
  }
  return problems;
}

function reachOf(addresses: readonly SocketAddress[], family: 4 | 6): string[] {
  return addresses.map(({ address }) => address).filter((address) => familyOf(address) === family);
}

/** Until all paths are up, or patience is at its end; and then as long as it takes to know them. */
async function measure(engine: Engine, heard: Heard): Promise<Omit<Ways, 'problems'>> {
  const began = performance.now();
  let attendedMs = Number.NEGATIVE_INFINITY;
  let upMs = Number.POSITIVE_INFINITY;
  for (;;) {
    const now = performance.now();
    if (now - attendedMs >= ATTEND_EVERY_MS) {
      engine.post({ kind: 'attend' });
      attendedMs = now;
    }
    const [{ paths }] = (await engine.snapshot()).peers;
    const areUp = paths.filter(({ state }) => state === 'up').length;
    if (areUp > 0) upMs = Math.min(upMs, now);
    const isMeasuring = areUp > 0 && now - upMs < MEASURE_MS;
    const isOver = areUp === paths.length || now - began >= PATIENCE_MS;
    const { refused, assignment } = heard;
    if ((isOver && !isMeasuring) || refused !== undefined) return { paths, refused, assignment };
    await sleep(LOOK_EVERY_MS);
  }
}
