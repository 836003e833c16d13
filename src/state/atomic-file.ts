/** Files that are whole after a crash: the old content or the new one, never a mixture and never nothing. */
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from '../errors.ts';

/** Secrets live in these files. */
const MODE = 0o600;
/** A link that somebody laid in its place would lead root elsewhere. */
const OWN_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** Resolves when the new content is on the disk. One writer per path at a time. Throws `UserError`. */
export async function writeAtomic(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw fileError(path, 'written', error);
  }
}

/**
 * Resolves when the new content has its name; that is on the disk with `syncDirectory`, once for many. The temporary file beside it has a fixed name: what a crash leaves is
 * overwritten by the next write. Throws the system error.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    const file = await open(temporary, OWN_FILE, MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** A rename or an unlink is on the disk only when its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
