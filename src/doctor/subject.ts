/** Whom the doctor looks at: a client or a server by its state directory, running or not, with its configuration. */
import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { type ClientConfig, clientKind } from '../config/client-config.ts';
import { type ConfigKind, DEFAULT_STATE_DIR } from '../config/common-config.ts';
import { ConfigError, type Diagnostic } from '../config/diagnostics.ts';
import { configPath, loadConfig } from '../config/load-config.ts';
import { type ServerConfig, serverKind } from '../config/server-config.ts';
import { askDaemon, NotRunningError } from '../control/control-client.ts';
import type { Snapshot } from '../engine/messages.ts';
import type { UserError } from '../errors.ts';
import { clientStatePath } from '../state/client-state.ts';
import { findStateDir } from '../state/find-state-dir.ts';
import { identityPath } from '../state/server-identity.ts';

export type Role = 'client' | 'server';

export interface SubjectRequest {
  readonly role?: Role;
  /** As the verbs take it. */
  readonly config?: string | false;
  readonly stateDir?: string;
  /** As `-i` takes them; default: those of the configuration, or every one. */
  readonly interfaces?: readonly string[];
}

export interface Subject {
  readonly role: Role;
  readonly stateDir: string;
  /** Keys are there. */
  readonly isSetUp: boolean;
  /** Of the running daemon. */
  readonly status?: Snapshot;
  /** A daemon is there and does not tell. */
  readonly silence?: UserError;
  readonly client?: ClientConfig;
  readonly server?: ServerConfig;
  /** The file that was read. */
  readonly configPath?: string;
  /** What is wrong with it; then there is no `client` or `server`. */
  readonly mistakes?: UserError;
}

export async function findSubject(request: SubjectRequest): Promise<Subject> {
  const wanted = resolve(request.stateDir ?? usualDirectory(request));
  const role = request.role ?? (await statusOf(wanted)).status?.role ?? guessRole(wanted);
  const loaded = load(role, { config: configOf(wanted), ...request });
  const stateDir = resolve(request.stateDir ?? loaded.stateDir ?? wanted);
  const isSetUp = existsSync(role === 'client' ? clientStatePath(stateDir) : identityPath(stateDir));
  return { role, stateDir, isSetUp, ...(await statusOf(stateDir)), ...loaded.config };
}

/** Of the service, where one is installed; with a configuration, that one names it. Throws `UserError` where several are meant. */
function usualDirectory({ config, role }: SubjectRequest): string {
  return typeof config === 'string' ? DEFAULT_STATE_DIR : findStateDir(DEFAULT_STATE_DIR, role ?? 'any');
}

/** The file that goes with the state directory of a service (`server init --name home`); undefined = the role's. */
function configOf(stateDir: string): string | undefined {
  const path = configPath(basename(stateDir));
  return dirname(stateDir) === DEFAULT_STATE_DIR && existsSync(path) ? path : undefined;
}

async function statusOf(stateDir: string): Promise<Pick<Subject, 'status' | 'silence'>> {
  try {
    return { status: (await askDaemon(stateDir, { command: 'status' })) as Snapshot };
  } catch (error) {
    return error instanceof NotRunningError ? {} : { silence: error as UserError };
  }
}

function guessRole(stateDir: string): Role {
  return existsSync(identityPath(stateDir)) ? 'server' : 'client';
}

type Loaded = { stateDir?: string; config: Pick<Subject, 'client' | 'server' | 'configPath' | 'mistakes'> };

function load(role: Role, request: SubjectRequest): Loaded {
  try {
    if (role === 'server') {
      const { config: server, path: configPath } = read(serverKind, request, {});
      return { stateDir: server.stateDir, config: { server, configPath } };
    }
    const { config: client, path: configPath } = readClient(request);
    return { stateDir: client.stateDir, config: { client, configPath } };
  } catch (error) {
    return { config: { mistakes: error as UserError } };
  }
}

/** A client that is run by flags alone names its interfaces nowhere: then every one is looked at. */
function readClient(request: SubjectRequest) {
  const { interfaces } = request;
  if (interfaces !== undefined) return read(clientKind, request, { interface: interfaces });
  try {
    return read(clientKind, request, {});
  } catch (error) {
    const isMissing = (mistake: Diagnostic) => mistake.key === 'interface' && mistake.got === undefined;
    if (!(error instanceof ConfigError && error.diagnostics.some(isMissing))) throw error;
    return read(clientKind, request, { interface: ['*'] });
  }
}

function read<T>(kind: ConfigKind<T>, { config }: SubjectRequest, flags: object) {
  return loadConfig(kind, { ...flags, ...(config === undefined ? {} : { config }) });
}
