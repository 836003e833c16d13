/** The client's composition root: state, machine, engine and control socket, in this order; taken down in reverse. */
import type { ClientConfig } from '../config/client-config.ts';
import { formatEndpoint } from '../config/units.ts';
import { ControlServer } from '../control/control-server.ts';
import type { EngineEvent, Snapshot } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import type { ClientNetwork, ClientNetworkOptions } from '../host/client-network.ts';
import type { Primitives } from '../proto/session/primitives.ts';
import { BudgetBook } from '../state/budget-book.ts';
import { ClientState, clientStatePath, type StoredServer } from '../state/client-state.ts';
import { ensureStateDir, lockForDaemon } from '../state/state-dir.ts';
import { refuseOthers } from '../state/state-owner.ts';
import { Budgets } from './budgets.ts';
import { chooseServer } from './choose-server.ts';
import { clientHandlers, withBudgets } from './client-control.ts';
import { ClientEvents } from './client-events.ts';
import { ClientPaths } from './client-paths.ts';
import { clientSettings } from './client-settings.ts';
import { ClientTunnel } from './client-tunnel.ts';
import { anyOf, Endpoints, type Lookup } from './endpoints.ts';
import { startEngine } from './engine-start.ts';
import { checkExposure } from './exposure.ts';
import { Forwards } from './forwards.ts';
import { History } from './history.ts';
import { Insight } from './insight.ts';
import type { Life } from './lifecycle.ts';
import type { Log } from './log.ts';
import { OutageWatch } from './outage-watch.ts';
import { PathStates } from './path-states.ts';
import { Persist } from './persist.ts';
import { PolicyControl } from './policy-control.ts';
import { Reloader, reloadHandler } from './reload.ts';
import type { DaemonParts } from './run-daemon.ts';
import { type StandstillClock, StandstillWatch, systemClock } from './standstill.ts';
import { WantedInterfaces } from './wanted-interfaces.ts';

const DAY_MS = 86_400_000;

export type ClientNetworkPort = Pick<
  ClientNetwork,
  | 'uplinks'
  | 'openPath'
  | 'closePath'
  | 'configureTun'
  | 'routeAll'
  | 'routeSome'
  | 'watchInterfaces'
  | 'allowServers'
  | 'lookup'
  | 'useDns'
  | 'exclusion'
  | 'persist'
  | 'persistHold'
  | 'close'
>;

export interface ClientParts extends DaemonParts<ClientConfig> {
  readonly openNetwork: (options: ClientNetworkOptions) => Promise<ClientNetworkPort>;
  readonly loadPrimitives: () => Promise<Primitives>;
  readonly lookup: Lookup;
  /** Absent = the system's. */
  readonly standstillClock?: StandstillClock;
}

/** Resolves when the client is at work; the tunnel is up when the log says `connected`. */
export async function startClient(config: ClientConfig, parts: ClientParts, life: Life): Promise<void> {
  const { stateDir } = config;
  const { service } = parts;
  const log = parts.logFor();
  ensureStateDir(stateDir);
  refuseOthers(stateDir);
  const lock = lockForDaemon(stateDir);
  life.defer('lock', () => lock.release());
  checkExposure([clientStatePath(stateDir)], log);
  const state = await ClientState.open(stateDir);
  const server = await chooseServer(config, state, parts.loadPrimitives, log);

  const history = new History({ ...config, ...parts, role: 'client' });
  history.begin(life);
  const killSwitch = config.killSwitch && { tunName: config.tunName, allowed: config.killSwitch.allowed };
  const network = await parts.openNetwork({ stateDir, log: parts.logFor('host'), killSwitch });
  life.defer('network', () => {
    if (killSwitch && life.hasFailed) log.warn({ fix: killSwitchFix(stateDir) }, 'kill-switch-stays');
    return network.close(life.hasFailed);
  });
  await history.prepare(life);
  let handle = (_: EngineEvent) => {};
  const { engine, ready } = await startEngine(
    parts.startEngine,
    {
      role: 'client',
      tunName: config.tunName,
      privateKey: state.privateKey,
      serverPublicKey: server.publicKey,
      networkKey: server.networkKey,
      psk: server.psk,
      inviteId: server.inviteId,
      counter: await state.reserveCounters(parts.clockMs()),
      endpoints: [],
      wantedAddress: config.address,
      mtuBytes: config.mtuBytes,
      policy: config.policy,
      rules: config.rules,
    },
    life,
    (event) => handle(event),
  );

  const endpoints = new Endpoints({
    endpoint: server.endpoint,
    lookup: anyOf(parts.lookup, (host) =>
      network.lookup(host, (interfaceName) => wanted.specFor(interfaceName) !== undefined),
    ),
    onChange: (addresses) => {
      log.debug({ addresses: addresses.map(({ address }) => address) }, 'server-addresses');
      network
        .allowServers(addresses)
        .then(() => {
          engine.post({ kind: 'endpoints', endpoints: addresses });
          paths.syncSoon(0);
        })
        .catch((error) => life.isEnding || life.fail(error));
    },
    log,
  });
  life.defer('endpoints', () => endpoints.settle());
  const states = new PathStates(parts.logFor('path'), (change) => history.path(change));
  const clock = parts.standstillClock ?? systemClock;
  const wanted = new WantedInterfaces(config.interfaces);
  const budgets = new Budgets({
    book: await BudgetBook.open(stateDir),
    clock: { wallMs: parts.clockMs, bootMs: () => clock.bootMs() },
    setLimit: (path, limitBytes) => engine.post({ kind: 'path-budget', path, limitBytes }),
    log: parts.logFor('path'),
  });
  life.defer('budgets', () => budgets.close());
  const paths = new ClientPaths({
    wanted,
    serverAddresses: (family) => endpoints.ofFamily(family),
    network,
    engine,
    openBudget: (path, spec) => budgets.open(path, spec),
    onClosed: (path) => {
      budgets.handleClosed(path);
      states.forget(path);
      outage.handle(states.isAnyUp);
      if (!states.isAnyUp) endpoints.search();
    },
    log: parts.logFor('path'),
  });
  life.defer('paths', () => paths.close());
  const outage = new OutageWatch(() => sayOutage(server, paths, budgets, stateDir), log);
  life.defer('outage', () => outage.close());
  reserveDaily(state, parts, life, log);
  const { tunName } = ready;
  const tunnel = new ClientTunnel({ ...config, tunName, network, log });

  const forwards = new Forwards(engine, parts.logFor('forward'));
  const persist = new Persist(tunName, engine, network, parts.logFor('persist'));
  const events = new ClientEvents({
    config,
    server: formatEndpoint(server.endpoint),
    tunName,
    tunnel,
    endpoints,
    states,
    outage,
    paths,
    budgets,
    forwards,
    persist,
    history,
    service,
    log,
    life,
  });
  handle = (event) => events.handle(event);

  const wakeup = () => {
    endpoints.search();
    endpoints.hurry();
  };
  const standstill = new StandstillWatch((what) => {
    log.info(what, 'standstill');
    history.note('standstill', { ...what });
    engine.post({ kind: 'wakeup' });
    paths.syncSoon();
    wakeup();
  }, clock);
  life.defer('standstill', () => standstill.close());
  await network.watchInterfaces(
    (interfaceName) => wanted.specFor(interfaceName) !== undefined,
    () => {
      standstill.check();
      paths.syncSoon();
      endpoints.hurry();
    },
  );
  endpoints.search();
  await life.orEnd(forwards.configure(config.forwards).catch(refusedForward));
  if (config.persist.length > 0) await life.orEnd(persist.set(config.persist));
  const policies = new PolicyControl(config, engine, log);
  const settings = clientSettings({
    wanted,
    paths,
    policies,
    persist,
    forwards,
    setLogLevel: parts.setLogLevel,
    setHooks: (hooks) => history.replaceHooks(hooks),
  });
  const reloader = new Reloader(config, parts.loadConfig, settings, log);
  const complete = (snapshot: Snapshot) => ({
    ...withBudgets(snapshot, budgets),
    unusable: paths.unusable,
  });
  const insight = new Insight({ engine, complete, always: 'server' }, life);
  const control = await ControlServer.listen(stateDir, {
    ...insight.handlers,
    ...clientHandlers({ engine, network, paths, wanted, forwards, onWakeup: wakeup, log }),
    policy: policies.handler,
    reload: reloadHandler(reloader, life, log, service),
  });
  life.defer('control', () => control.close());
  await insight.serve(config, life);
  history.ready(life);
  // An answer is the sign of life, whatever it says.
  service.watch(() => engine.snapshot([]), life);
  service.readyInTheEnd('no link reaches the server yet', life);
}

/** For the log, when nothing has carried for a while. */
function sayOutage(
  { endpoint }: StoredServer,
  { open }: ClientPaths,
  budgets: Budgets,
  stateDir: string,
): object {
  const over = [...new Set(open.map(({ interfaceName }) => interfaceName))];
  if (over.length > 0 && over.every((interfaceName) => budgets.isUsedUp(interfaceName))) {
    return {
      what: `the budget of ${over.join(', ')} is used up, and there is nothing else to use`,
      next: 'packets go again when it begins anew',
      fix: `allow more: resip-vpn path add ${over[0]},budget=… --state-dir ${stateDir}`,
    };
  }
  const what =
    over.length === 0
      ? 'no interface can be used'
      : `nothing comes back from ${formatEndpoint(endpoint)} over ${over.join(', ')}`;
  return {
    what,
    next: 'it is asked again until it answers',
    fix: `see why: resip-vpn doctor client --state-dir ${stateDir}`,
  };
}

/** What was asked for at the start is there or the start has failed. */
function refusedForward(error: Error): never {
  throw new UserError(error.message, { fix: 'choose another local port, or leave it out' });
}

/** Protection that ends with a fault would be none. */
function killSwitchFix(stateDir: string): string {
  return `start the client again, or give up the protection: resip-vpn kill-switch off --state-dir ${stateDir}`;
}

/** A run must not outlive the counters that the disk has set aside for it. */
function reserveDaily(state: ClientState, parts: ClientParts, life: Life, log: Log): void {
  const timer = setInterval(() => {
    state.reserveCounters(parts.clockMs()).catch((err) => log.error({ err }, 'counters-not-reserved'));
  }, DAY_MS);
  life.defer('counters', () => clearInterval(timer));
}
