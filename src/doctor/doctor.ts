/**
 * Looks for what keeps a tunnel from working, likeliest first, and says what to do about each. Changes nothing that lasts: what it needs
 * for looking (a device, rules for the way out of each interface) goes with it.
 */
import { isIP } from 'node:net';
import { formatEndpoint } from '../config/units.ts';
import { askDaemon } from '../control/control-client.ts';
import { becomeOwnerWithRights } from '../daemon/become-user.ts';
import type { Snapshot } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import { ClientState, type StoredServer } from '../state/client-state.ts';
import { ensureStateDir, lockForDaemon } from '../state/state-dir.ts';
import { checkClock } from './checks/clock.ts';
import { checkDevice } from './checks/device.ts';
import { checkDns } from './checks/dns.ts';
import { checkLeaks, isKillSwitchOn } from './checks/leaks.ts';
import { checkLimits } from './checks/limits.ts';
import { checkOverlap, checkReversePath } from './checks/network.ts';
import { checkFirewall, checkPorts, checkWayOut } from './checks/server.ts';
import { checkPermissions, checkPrograms, checkSetUp } from './checks/setup.ts';
import { checkWays } from './checks/ways.ts';
import { type Finding, findings } from './finding.ts';
import { type Machine, mayAdministrate, readMachine } from './machine.ts';
import { findSubject, type Subject, type SubjectRequest } from './subject.ts';
import { probeWays, serverAddresses, type Ways } from './way-probe.ts';

export interface Diagnosis {
  readonly role: 'client' | 'server';
  readonly stateDir: string;
  readonly isRunning: boolean;
  readonly findings: readonly Finding[];
}

interface Check {
  readonly name: string;
  /** Left out for a user who may not change the network. */
  readonly needsRights?: boolean;
  readonly run: () => readonly Finding[] | Promise<readonly Finding[]>;
}

export async function diagnose(request: SubjectRequest): Promise<Diagnosis> {
  const subject = await findSubject(request);
  becomeOwner(subject);
  const machine = await readMachine();
  const mayAll = mayAdministrate();
  // Takes seconds, more than one check wants to know what it found, and it is not the first to look at the keys.
  let examined: Promise<Examined | undefined> | undefined;
  const examine = async () => {
    if (mayAll && subject.role === 'client') examined ??= examineWays(subject);
    return examined;
  };
  const found: Finding[] = [];
  for (const { name, needsRights, run } of checksOf(subject, machine, examine)) {
    if (needsRights && !mayAll) continue;
    try {
      found.push(...(await run()));
    } catch (error) {
      found.push(failure(name, error));
    }
  }
  const { role, stateDir, status } = subject;
  return { role, stateDir, isRunning: status !== undefined, findings: found };
}

/** What root would write there, the daemon's own user could not read any more: the doctor starts again as that user. */
function becomeOwner({ role, stateDir, isSetUp, status, configPath }: Subject): void {
  if (role === 'server' || !isSetUp || status !== undefined) return;
  becomeOwnerWithRights(stateDir, configPath === undefined ? [] : [configPath], true);
}

/** The likeliest trouble first. */
function checksOf(
  subject: Subject,
  machine: Machine,
  examine: () => Promise<Examined | undefined>,
): readonly Check[] {
  const ofClient: readonly Check[] = [
    { name: 'way', needsRights: true, run: async () => sayWays(machine, subject, await examine()) },
    { name: 'dns', run: () => checkDns(machine, subject) },
    { name: 'leaks', needsRights: true, run: () => checkLeaks(machine, subject) },
  ];
  const ofServer: readonly Check[] = [
    { name: 'ports', run: () => checkPorts(subject) },
    { name: 'way-out', needsRights: true, run: () => checkWayOut(machine, subject) },
    { name: 'firewall', needsRights: true, run: () => checkFirewall(subject) },
    { name: 'dns', run: () => checkDns(machine, subject) },
  ];
  return [
    { name: 'permissions', run: checkPermissions },
    { name: 'set-up', needsRights: true, run: () => checkSetUp(subject) },
    { name: 'programs', run: () => checkPrograms(subject) },
    { name: 'tun', needsRights: true, run: () => checkDevice(subject) },
    { name: 'rp-filter', run: () => checkReversePath(machine, subject) },
    { name: 'overlap', run: async () => checkOverlap(machine, subject, (await examine())?.ways) },
    { name: 'clock', run: () => checkClock() },
    ...(subject.role === 'client' ? ofClient : ofServer),
    { name: 'limits', run: () => checkLimits(machine, subject) },
  ];
}

async function sayWays(
  machine: Machine,
  { stateDir }: Subject,
  examined: Examined | undefined,
): Promise<readonly Finding[]> {
  if (examined === undefined) return [];
  if ('failed' in examined) return examined.failed;
  return checkWays(machine, examined.ways, examined.server, await isKillSwitchOn(stateDir));
}

type Examined = { server: string; ways: Ways } | { failed: Finding[]; ways?: undefined };

/** From the running client, or by a handshake of our own. Nothing when there is no server yet. */
async function examineWays(subject: Subject): Promise<Examined | undefined> {
  const { stateDir, isSetUp, client, status, silence } = subject;
  if (!isSetUp || silence !== undefined) return undefined;
  try {
    const state = await ClientState.open(stateDir);
    const { server } = state;
    if (server === undefined)
      throw new UserError('this client has no server yet', {
        fix: "give it an invite: resip-vpn client 'resip://…' -i wlan0",
      });
    const name = formatEndpoint(server.endpoint);
    if (status !== undefined) return { server: name, ways: await attendedWays(stateDir) };
    if (client === undefined) return undefined;
    const addresses = await resolved(server);
    ensureStateDir(stateDir);
    const lock = lockForDaemon(stateDir);
    try {
      return { server: name, ways: await probeWays({ state, server, config: client, stateDir, addresses }) };
    } finally {
      lock.release();
    }
  } catch (error) {
    return { failed: [failure('way', error)] };
  }
}

/** The running client's paths, after a moment of closer looks. */
async function attendedWays(stateDir: string): Promise<Ways> {
  for (let second = 0; second < 2; second++) {
    await askDaemon(stateDir, { command: 'attend' });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const { peers } = (await askDaemon(stateDir, { command: 'status' })) as Snapshot;
  return { paths: peers[0]?.paths ?? [], problems: [], isOfClient: true };
}

async function resolved(server: StoredServer) {
  const { host } = server.endpoint;
  try {
    return await serverAddresses(server);
  } catch (cause) {
    throw new UserError(`the server's name ${host} cannot be resolved`, {
      cause,
      fix:
        isIP(host) === 0
          ? 'is any link connected? Does DNS work (below)? Else ask the owner of the server'
          : undefined,
    });
  }
}

function failure(check: string, error: unknown): Finding {
  const { fault } = findings(check);
  if (!(error instanceof UserError))
    return fault('this could not be looked at', { why: (error as Error).message });
  const { what, cause, fix } = error;
  return fault(what, {
    why: cause instanceof Error ? cause.message : cause === undefined ? undefined : String(cause),
    fix,
  });
}
