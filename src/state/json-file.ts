/** JSON files with a known shape, read with suspicion: a disk may have lost half of them, an editor may have been there. */
import { open } from 'node:fs/promises';
import type { z } from 'zod';
import { fileError, UserError } from '../errors.ts';

/** Records are below 1 KiB; what is larger is not ours. */
const MAX_BYTES = 64 * 1024;

export type ReadResult<T> =
  | { kind: 'read'; value: T }
  | { kind: 'missing' }
  /** `refused`: the system's error, where it does not let us read at all. */
  | { kind: 'damaged'; reason: string; refused?: Error };

/** Errors other than "not there" count as damage: the caller goes on or stops, as it must. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<ReadResult<T>> {
  let text: string;
  try {
    text = await readBounded(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { kind: 'missing' };
    return { kind: 'damaged', reason: message, ...(code === undefined ? {} : { refused: error as Error }) };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, and the text may hold a key.
    return { kind: 'damaged', reason: text === '' ? 'it is empty' : 'it is not JSON' };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: 'read', value: parsed.data };
  const { path: at, message } = parsed.error.issues[0];
  return { kind: 'damaged', reason: `${at.join('.') || 'it'}: ${message}` };
}

/** For a file that nothing goes on without. `fix` is what to do when its content is lost: not so when it only may not be read. */
export function damageError(
  path: string,
  { reason, refused }: { reason: string; refused?: Error },
  fix: string,
): UserError {
  if (refused !== undefined) return fileError(path, 'read', refused);
  return new UserError(`${path} is damaged`, { cause: reason, fix });
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    if ((await file.stat()).size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
