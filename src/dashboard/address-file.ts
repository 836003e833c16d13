/** The dashboard's address with its secret word, kept over restarts so that a bookmark stays good. */
import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../state/atomic-file.ts';

const NAME = 'dashboard-url';
const TOKEN_BYTES = 24;
const TOKEN = /\/([A-Za-z0-9_-]{32})\/\s*$/;

export function addressFilePath(stateDir: string): string {
  return join(stateDir, NAME);
}

/** That of the last start; a new one where others could have read it. */
export function chooseToken(stateDir: string): string {
  const path = addressFilePath(stateDir);
  try {
    const { mode, uid } = lstatSync(path);
    const isOurs = (mode & 0o077) === 0 && uid === process.geteuid?.();
    const known = isOurs ? TOKEN.exec(readFileSync(path, 'utf8')) : null;
    if (known !== null) return known[1];
  } catch {
    // None yet.
  }
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** Mode 0600. Throws the system error. */
export async function writeAddress(stateDir: string, url: string): Promise<void> {
  await writeAtomic(addressFilePath(stateDir), `${url}\n`);
}
