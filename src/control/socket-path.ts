/**
 * Where the control socket is, however long the way to it: in a directory of its own below the state directory, which its owner
 * alone may enter, whatever the state directory allows.
 */
import { closeSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';

const DIRECTORY = 'control';
const NAME = 'control.sock';

/** `sun_path` holds 108 bytes with the final zero (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

export interface SocketPath {
  /** To bind or connect to. */
  readonly path: string;
  /** When the socket is closed (listening) or connected. */
  release(): void;
}

/** A path that is too long is taken through a descriptor of the directory. Throws ENOENT when there is no directory. */
export function controlSocketPath(stateDir: string): SocketPath {
  const directory = join(stateDir, DIRECTORY);
  const direct = join(directory, NAME);
  if (Buffer.byteLength(direct) <= MAX_SOCKET_PATH_BYTES) return { path: direct, release: () => {} };
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${descriptor}/${NAME}`, release: () => closeSync(descriptor) };
}

/** Makes the socket's directory. Throws `UserError` for one that others may enter or that is somebody else's. */
export function makeSocketDirectory(stateDir: string): void {
  const path = join(stateDir, DIRECTORY);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const status = lstatSync(path);
  if (status.isDirectory() && status.uid === process.geteuid?.() && (status.mode & 0o077) === 0) return;
  throw new UserError(`${path} is not safe for the control socket`, {
    cause: 'whoever reaches that socket rules the daemon: only its user may enter the directory',
    fix: `remove it, and keep others from writing to ${stateDir}`,
  });
}
