/** The clients of a run: keys that follow from a seed, so that server state and generators agree without a file of secrets. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Primitives } from '../../../src/proto/session/primitives.ts';
import { ServerState, toText } from '../../../src/state/server-state.ts';

export interface ClientKeys {
  readonly privateKey: Uint8Array;
  readonly psk: Uint8Array;
}

export function clientKeys(seed: string, index: number): ClientKeys {
  return { privateKey: derive(seed, `key ${index}`), psk: derive(seed, `psk ${index}`) };
}

export interface ServerKeys {
  /** Base64. */
  readonly publicKey: string;
  readonly networkKey: string;
}

/** Makes a state directory in which `count` clients are known, none of which was ever seen. */
export async function writeState(
  stateDir: string,
  seed: string,
  count: number,
  primitives: Primitives,
): Promise<ServerKeys> {
  await mkdir(stateDir, { mode: 0o700 });
  const state = await ServerState.open(stateDir, {
    onWriteError: (_path, error) => {
      throw error;
    },
  });
  for (let index = 0; index < count; index++) {
    const { privateKey, psk } = clientKeys(seed, index);
    const publicKey = Buffer.from(primitives.x25519PublicKey(privateKey));
    const record = {
      publicKey: publicKey.toString('base64'),
      name: `bench-${index}`,
      psk: Buffer.from(psk).toString('base64'),
      counter: 0,
      lastSeenMs: Date.now(),
    };
    await writeFile(join(stateDir, 'clients', `${publicKey.toString('hex')}.json`), toText(record));
  }
  const privateKey = Buffer.from(state.identity.privateKey, 'base64');
  return {
    publicKey: Buffer.from(primitives.x25519PublicKey(privateKey)).toString('base64'),
    networkKey: state.identity.networkKey,
  };
}

function derive(seed: string, label: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`${seed} ${label}`).digest());
}
