/** The server's composition root: state, machine, engine and control socket, in this order; taken down in reverse. */
import type { ServerConfig } from '../config/server-config.ts';
import { formatEndpoint } from '../config/units.ts';
import { ControlServer } from '../control/control-server.ts';
import type { EngineEvent, InviteRecord, SocketAddress } from '../engine/messages.ts';
import { machineServers } from '../host/dns/nameservers.ts';
import type { ServerNetwork } from '../host/server-network.ts';
import { inviteRecordSchema } from '../state/records.ts';
import { identityPath } from '../state/server-identity.ts';
import { ServerState } from '../state/server-state.ts';
import { ensureStateDir, lockForDaemon } from '../state/state-dir.ts';
import { refuseOthers } from '../state/state-owner.ts';
import { ClientAdmin, clientAdminHandlers, withOwnersWill } from './client-admin.ts';
import { startEngine } from './engine-start.ts';
import { checkExposure } from './exposure.ts';
import { History } from './history.ts';
import { Insight } from './insight.ts';
import { embedIpv4, firstHost, hasIpv6Interfaces, hasIpv6Sockets } from './ipv6.ts';
import type { Life } from './lifecycle.ts';
import type { Log } from './log.ts';
import { Reloader, reloadHandler } from './reload.ts';
import type { DaemonParts } from './run-daemon.ts';
import { serverSettings } from './server-settings.ts';

export type ServerNetworkPort = Pick<
  ServerNetwork,
  'checkPools' | 'configureTun' | 'enableNat' | 'obstacles' | 'close'
>;

export interface ServerParts extends DaemonParts<ServerConfig> {
  readonly openNetwork: (options: { stateDir: string; log: Log }) => Promise<ServerNetworkPort>;
}

/** Resolves when the server serves. */
export async function startServer(config: ServerConfig, parts: ServerParts, life: Life): Promise<void> {
  const { stateDir, pool } = config;
  const { service } = parts;
  const log = parts.logFor();
  ensureStateDir(stateDir);
  refuseOthers(stateDir);
  const lock = lockForDaemon(stateDir);
  life.defer('lock', () => lock.release());
  const state = await openState(stateDir, log, life);

  const history = new History({ ...config, ...parts, role: 'server' });
  history.begin(life);
  const network = await parts.openNetwork({ stateDir, log: parts.logFor('host') });
  life.defer('network', () => network.close());
  await history.prepare(life);
  const pool6 = choosePool6(config, state, log);
  await network.checkPools(pool6 === undefined ? [pool] : [pool, pool6]);

  const { identity, clients, invites } = state;
  const listen = listenAddresses(config);
  const connected = new Set<string>();
  const { engine, ready } = await startEngine(
    parts.startEngine,
    {
      role: 'server',
      tunName: config.tunName,
      listen,
      privateKey: identity.privateKey,
      networkKey: identity.networkKey,
      pool,
      pool6,
      dns: await dnsForClients(config),
      mtuBytes: config.mtuBytes,
      leaseMs: config.leaseMs,
      maxClients: config.maxClients,
      streamRules: config.streamRules,
      maxStreams: config.maxStreams,
      clients,
      invites,
    },
    life,
    (event) => {
      if (event.kind === 'peer-session') noteSession(event, connected);
      remember(event, state, log, history);
    },
  );

  const { tunName } = ready;
  const address = firstHost(pool);
  const address6 = pool6 === undefined ? {} : embedIpv4(pool6, address.address);
  await network.configureTun({ tunName, ...address, ...address6, mtuBytes: config.mtuBytes });
  const { nat } = config;
  const out =
    nat.kind === 'off'
      ? null
      : await network.enableNat({
          tunName,
          pool,
          pool6,
          outInterface: nat.kind === 'interface' ? nat.name : undefined,
        });

  const admin = new ClientAdmin(
    state,
    (client) => engine.post({ kind: 'client-put', client }),
    (invite) => engine.post({ kind: 'invite-put', invite }),
    pool,
    connected,
  );
  const settings = serverSettings({
    setStreamRules: (rules) => engine.post({ kind: 'stream-rules', rules }),
    setLogLevel: parts.setLogLevel,
    setHooks: (hooks) => history.replaceHooks(hooks),
  });
  const reloader = new Reloader(config, parts.loadConfig, settings, log);
  const insight = new Insight({ engine }, life);
  const control = await ControlServer.listen(stateDir, {
    ...insight.handlers,
    reload: reloadHandler(reloader, life, log, service),
    ...clientAdminHandlers(admin, log),
    'invite-put': async ({ invite }) => {
      const record: InviteRecord = inviteRecordSchema.parse(invite);
      state.knowInvite(record);
      engine.post({ kind: 'invite-put', invite: record });
      log.info({ name: record.name }, 'invite-issued');
    },
  });
  life.defer('control', () => control.close());
  await insight.serve(config, life);
  const sockets = listen.map(({ address }, i) => formatEndpoint({ host: address, port: ready.ports[i] }));
  log.info(
    { listen: sockets, pool, pool6, tun: tunName, nat: out ?? 'off', clients: clients.length },
    'listening',
  );
  const traffic = { tunName, ports: [...ready.ports], forwards: out !== null };
  for (const { what, why, fix } of await network.obstacles(traffic))
    log.warn({ what, why, fix }, 'server-warning');
  history.up({ ...address, ...address6, mtuBytes: config.mtuBytes }, { tun: tunName });
  history.ready(life);
  service.ready(`listening on ${sockets.join(', ')}`);
  // An answer is the sign of life, whatever it says.
  service.watch(() => engine.snapshot([]), life);
}

/** Their questions come out here: whom this machine asks is near, and answers it. */
async function dnsForClients({ dns }: ServerConfig): Promise<readonly string[]> {
  if (dns.kind === 'servers') return dns.servers;
  return dns.kind === 'off' ? [] : machineServers();
}

async function openState(stateDir: string, log: Log, life: Life): Promise<ServerState> {
  const state = await ServerState.open(stateDir, {
    onWriteError: (path, err) => log.error({ path, err }, 'state-not-written'),
  });
  life.defer('state', async () => {
    if (!(await state.flush())) log.error({ stateDir }, 'state-lost');
  });
  checkExposure([identityPath(stateDir)], log);
  for (const { path, reason } of state.damaged) log.warn({ path, reason }, 'record-damaged');
  return state;
}

function choosePool6({ pool6 }: ServerConfig, state: ServerState, log: Log): string | undefined {
  if (pool6.kind === 'none') return undefined;
  if (!hasIpv6Interfaces()) {
    log.info({ why: 'this machine has IPv6 switched off' }, 'no-ipv6-inside');
    return undefined;
  }
  return pool6.kind === 'network' ? pool6.network : state.identity.pool6;
}

/** The IPv6 wildcard takes IPv4 as well; a kernel without IPv6 has only the IPv4 one. */
function listenAddresses({ listen }: ServerConfig): SocketAddress[] {
  const any = hasIpv6Sockets() ? '::' : '0.0.0.0';
  const covered = listen.filter(({ host }) => host === '::').map(({ port }) => port);
  return listen
    .filter(({ host, port }) => host !== '0.0.0.0' || !covered.includes(port))
    .map(({ host, port }) => ({ address: host === '::' ? any : host, port }));
}

function noteSession(
  { publicKey, state }: Extract<EngineEvent, { kind: 'peer-session' }>,
  connected: Set<string>,
): void {
  if (state === 'established') connected.add(publicKey);
  else connected.delete(publicKey);
}

/** A client whose numbers are used up hears nothing: nobody but its owner can tell which of the two is meant. */
const STALE = {
  what: 'handshakes of this client come with numbers that are used up; they are not answered',
  why: 'two machines run with its keys, or its state directory came back from a backup while the clock was wrong',
  fix: 'give that machine an invite of its own: resip-vpn invite NAME here; there stop it, remove its state directory, join again',
} as const;

/** What has to outlive this process. */
function remember(event: EngineEvent, state: ServerState, log: Log, history: History): void {
  switch (event.kind) {
    case 'peer-session':
      history.session(event.state, event.suite, event.name);
      log.info({ name: event.name, suite: event.suite || undefined }, `session-${event.state}`);
      break;
    case 'peer-path': {
      const { path, name: peer, remote, state, rttMs } = event;
      history.path({ path, peer, remote, rttMs, isUp: state === 'up' });
      break;
    }
    case 'peer-stale':
      log.warn({ name: event.name, ...STALE }, 'client-twice');
      break;
    case 'stream-refused': {
      const { peer, target, reason, untold } = event;
      log.info({ name: peer, target, reason, untold }, 'stream-refused');
      break;
    }
    case 'client':
      if (state.putClient(withOwnersWill(event.client, state))) {
        const { name, address } = event.client;
        log.info({ name, address }, 'client');
      }
      break;
    case 'invite':
      state.putInvite(event.invite);
      log.info({ name: event.invite.name }, 'invite-used');
      history.note('invite-used', { peer: event.invite.name });
      break;
    default:
      log.debug({ event: event.kind }, 'engine-event');
  }
}
