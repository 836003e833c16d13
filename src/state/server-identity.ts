/** Who a server is: its private key, its network key, and the IPv6 network that it made up. Written once. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { parseIpv6Network } from '../config/units.ts';
import { formatIpv6 } from '../proto/wire/ip-text.ts';
import { writeAtomic } from './atomic-file.ts';
import { damageError, readJson } from './json-file.ts';
import { keySchema } from './records.ts';

const identitySchema = z.object({
  version: z.literal(1),
  privateKey: keySchema,
  networkKey: keySchema,
  /** A private /64 for the inside of the tunnel. */
  pool6: z.string().refine((text) => parseIpv6Network(text, 64, 64) === text, 'not an IPv6 /64'),
});

/** Keys are base64. */
export type ServerIdentity = Readonly<z.infer<typeof identitySchema>>;

export function identityPath(stateDir: string): string {
  return join(stateDir, 'server.json');
}

/** Reads the identity, or makes one in a new directory: the caller holds the edit lock. Throws `UserError`. */
export async function openIdentity(stateDir: string): Promise<ServerIdentity> {
  const found = await readIdentity(stateDir);
  if (found !== undefined) return found;
  const identity = makeIdentity();
  await writeAtomic(identityPath(stateDir), `${JSON.stringify(identity, null, 2)}\n`);
  return identity;
}

/** Undefined in a new directory. Throws `UserError`. */
export async function readIdentity(stateDir: string): Promise<ServerIdentity | undefined> {
  const path = identityPath(stateDir);
  const result = await readJson(path, identitySchema);
  if (result.kind === 'read') return result.value;
  if (result.kind === 'missing') return undefined;
  throw damageError(
    path,
    result,
    'restore it from a backup, or move it away: a new key is made, and every client needs a new invite',
  );
}

function makeIdentity(): ServerIdentity {
  const key = () => randomBytes(32).toString('base64');
  return { version: 1, privateKey: key(), networkKey: key(), pool6: uniqueLocalNetwork(randomBytes(5)) };
}

/** `fd`, 40 random bits, subnet 0: RFC 4193 §3.1. */
function uniqueLocalNetwork(globalId: Uint8Array): string {
  const address = new Uint8Array(16);
  address[0] = 0xfd;
  address.set(globalId, 1);
  return `${formatIpv6(address)}/64`;
}
