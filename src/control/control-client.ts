/** Asks the running daemon of a state directory. */
import { connect } from 'node:net';
import { UserError } from '../errors.ts';
import { LineReader } from './line-reader.ts';
import { MAX_RESPONSE_BYTES, type Request, type Response } from './protocol.ts';
import { controlSocketPath, type SocketPath } from './socket-path.ts';

/** The engine answers within milliseconds; a daemon that is stopped or stuck never does. */
const TIMEOUT_MS = 5_000;

/** No daemon runs with this state directory. */
export class NotRunningError extends UserError {}

/** The answer's `result`. Throws `NotRunningError`, or `UserError` for a refusal or silence. */
export async function askDaemon(
  stateDir: string,
  request: Request,
  timeoutMs = TIMEOUT_MS,
): Promise<unknown> {
  const socketPath = openPath(stateDir);
  try {
    const line = await exchange(socketPath.path, `${JSON.stringify(request)}\n`, timeoutMs);
    const response = JSON.parse(line) as Response;
    if (response.ok) return response.result;
    // Words for the user come as they are: what, cause, fix.
    const { error, exitCode } = response;
    if (exitCode !== undefined) throw new UserError(error, { exitCode });
    const isUnknown = error.startsWith('unknown command');
    const fix = isUnknown ? 'restart the daemon: it is of another version than this program' : undefined;
    throw new UserError(`the daemon refused ${request.command}`, { cause: error, fix });
  } catch (error) {
    throw explain(error, stateDir);
  } finally {
    socketPath.release();
  }
}

function openPath(stateDir: string): SocketPath {
  try {
    return controlSocketPath(stateDir);
  } catch (error) {
    throw explain(error, stateDir);
  }
}

function exchange(path: string, request: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = new LineReader(MAX_RESPONSE_BYTES);
    const socket = connect(path, () => socket.write(request));
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('it closed the connection')));
    socket.on('data', (chunk: Buffer) => {
      const complete = lines.push(chunk);
      if (complete === null) return fail(new Error('its answer is too long'));
      if (complete.length === 0) return;
      clearTimeout(timer);
      socket.destroy();
      resolve(complete[0]);
    });
  });
}

function explain(error: unknown, stateDir: string): UserError {
  if (error instanceof UserError) return error;
  const { code } = error as NodeJS.ErrnoException;
  // ENOTSOCK and ENOTDIR: something else lies there.
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK' || code === 'ENOTDIR') {
    return new NotRunningError(`no resip-vpn runs with the state directory ${stateDir}`, {
      fix: 'start one with `resip-vpn client` or `resip-vpn server`, or name its directory with --state-dir DIR',
      cause: undefined,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new UserError(`the control socket in ${stateDir} may not be opened`, {
      cause: 'it belongs to root',
      fix: 'run this as root',
    });
  }
  return new UserError(`the daemon of ${stateDir} does not answer`, { cause: error, fix: 'restart it' });
}
