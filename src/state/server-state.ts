/**
 * What a server keeps: one file per client and per invite, so that a damaged one costs one client.
 *
 *   server.json               its own keys                     server-identity.ts
 *   clients/<key in hex>.json ClientRecord                     written by the daemon alone
 *   invites/<id in hex>.json  InviteRecord                     created by `invite`, then written by the daemon
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { ClientRecord, InviteRecord } from '../engine/messages.ts';
import { readJson } from './json-file.ts';
import { clientRecordSchema, inviteRecordSchema } from './records.ts';
import { openIdentity, type ServerIdentity } from './server-identity.ts';
import { withEditLock } from './state-dir.ts';
import { WriteQueue } from './write-queue.ts';

/** A directory with more files than this is not read to the end. */
const MAX_RECORDS = 65_536;

/** What is lost by a crash if it is not on the disk at once; the rest comes again. */
const URGENT_FIELDS = ['name', 'address', 'isFixed', 'revoked'] as const;

export interface Damage {
  readonly path: string;
  readonly reason: string;
}

export interface ServerStateOptions {
  /** The first of a row of failed writes. */
  readonly onWriteError: (path: string, error: Error) => void;
}

export class ServerState {
  private readonly queue: WriteQueue;

  private constructor(
    private readonly stateDir: string,
    readonly identity: ServerIdentity,
    /** By public key, base64. */
    private readonly clientRecords: Map<string, ClientRecord>,
    /** By id, base64. */
    private readonly inviteRecords: Map<string, InviteRecord>,
    /** Files that could not be read; they are left alone. */
    readonly damaged: readonly Damage[],
    options: ServerStateOptions,
  ) {
    this.queue = new WriteQueue(options.onWriteError);
  }

  /** Throws `UserError` when the keys cannot be read. */
  static async open(stateDir: string, options: ServerStateOptions): Promise<ServerState> {
    const identity = await withEditLock(stateDir, () => openIdentity(stateDir));
    const damaged: Damage[] = [];
    const clients = await readRecords(join(stateDir, 'clients'), clientRecordSchema, damaged);
    const invites = await readRecords(join(stateDir, 'invites'), inviteRecordSchema, damaged);
    return new ServerState(
      stateDir,
      identity,
      new Map(clients.map((record) => [record.publicKey, record])),
      new Map(invites.map((record) => [record.id, record])),
      damaged,
      options,
    );
  }

  get clients(): readonly ClientRecord[] {
    return [...this.clientRecords.values()];
  }

  /** By public key, base64. */
  client(publicKey: string): ClientRecord | undefined {
    return this.clientRecords.get(publicKey);
  }

  get invites(): readonly InviteRecord[] {
    return [...this.inviteRecords.values()];
  }

  /** To the disk at once when the client is new or one of `URGENT_FIELDS` changed (then true), else with the next batch. */
  putClient(record: ClientRecord): boolean {
    const before = this.clientRecords.get(record.publicKey);
    const isUrgent = before === undefined || URGENT_FIELDS.some((field) => before[field] !== record[field]);
    this.clientRecords.set(record.publicKey, record);
    this.queue.put(clientPath(this.stateDir, record.publicKey), toText(record), isUrgent);
    return isUrgent;
  }

  /** To the disk at once: a spent invite must not be spent again. */
  putInvite(record: InviteRecord): void {
    this.inviteRecords.set(record.id, record);
    this.queue.put(invitePath(this.stateDir, record.id), toText(record), true);
  }

  /** An invite that is on the disk already. */
  knowInvite(record: InviteRecord): void {
    this.inviteRecords.set(record.id, record);
  }

  /** Resolves when it was tried: true when this one is on the disk, whatever becomes of others. */
  keep(record: ClientRecord | InviteRecord): Promise<boolean> {
    return this.queue.keep(recordPath(this.stateDir, record));
  }

  /** Resolves when it was tried: true when everything that was changed until now is on the disk. */
  flush(): Promise<boolean> {
    return this.queue.flush();
  }
}

export function invitePath(stateDir: string, id: string): string {
  return join(stateDir, 'invites', `${hex(id)}.json`);
}

export function toText(record: ClientRecord | InviteRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Every readable record; the others are added to `damaged`. Makes the directory. */
export async function readRecords<T>(
  directory: string,
  schema: z.ZodType<T>,
  damaged: Damage[],
): Promise<readonly T[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = (await readdir(directory)).filter((name) => /^[0-9a-f]+\.json$/.test(name));
  const records: T[] = [];
  for (const name of names.slice(0, MAX_RECORDS)) {
    const path = join(directory, name);
    const result = await readJson(path, schema);
    if (result.kind === 'read') records.push(result.value);
    else if (result.kind === 'damaged') damaged.push({ path, reason: result.reason });
  }
  return records;
}

function recordPath(stateDir: string, record: ClientRecord | InviteRecord): string {
  return 'publicKey' in record ? clientPath(stateDir, record.publicKey) : invitePath(stateDir, record.id);
}

function clientPath(stateDir: string, publicKey: string): string {
  return join(stateDir, 'clients', `${hex(publicKey)}.json`);
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}
