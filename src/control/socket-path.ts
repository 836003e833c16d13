/** Where the control socket is, however long the way to it. */
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';

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
  const direct = join(stateDir, NAME);
  if (Buffer.byteLength(direct) <= MAX_SOCKET_PATH_BYTES) return { path: direct, release: () => {} };
  const directory = openSync(stateDir, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${directory}/${NAME}`, release: () => closeSync(directory) };
}
