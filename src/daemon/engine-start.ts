/** Starting the engine, and its failures in words for a user. */
import type { Engine } from '../engine/engine-client.ts';
import type { EngineEvent, EngineOptions } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import type { Life } from './lifecycle.ts';

export type StartEngine = (options: EngineOptions) => Engine;

export type Ready = Extract<EngineEvent, { kind: 'ready' }>;

/**
 * Starts the engine and waits until it is ready. `onEvent` hears all other events; a failure of the engine, now or later,
 * ends the daemon.
 */
export async function startEngine(
  start: StartEngine,
  options: EngineOptions,
  life: Life,
  onEvent: (event: EngineEvent) => void,
): Promise<{ engine: Engine; ready: Ready }> {
  const engine = start(options);
  life.defer('engine', () => engine.stop());
  const ready = new Promise<Ready>((resolve) => {
    engine.onEvent((event) => {
      if (event.kind === 'ready') resolve(event);
      else if (event.kind === 'failed') life.fail(explain(event, options));
      else onEvent(event);
    });
  });
  return { engine, ready: await life.orEnd(ready) };
}

const FIXES: Readonly<Record<string, (options: EngineOptions) => string>> = {
  EBUSY: ({ tunName }) => `another program has ${tunName}: name a free one with --tun NAME`,
  EINVAL: ({ tunName }) =>
    `${tunName} may exist as another kind of interface: name a free one with --tun NAME`,
  EBADFD: ({ tunName }) => `another program has deleted ${tunName}: start this again`,
  EADDRINUSE: () => 'another program listens there: choose another port with --listen ADDR:PORT',
  EADDRNOTAVAIL: () => 'no interface has that address: correct --listen ADDR:PORT',
  EPERM: () => 'run it as root',
  EACCES: () => 'run it as root',
  ENOENT: () => 'load the TUN driver: modprobe tun',
  ENODEV: () => 'load the TUN driver: modprobe tun',
};

function explain(event: Extract<EngineEvent, { kind: 'failed' }>, options: EngineOptions): UserError {
  const fix = event.code === undefined ? undefined : FIXES[event.code];
  return new UserError('the engine failed', { cause: event.message, fix: fix?.(options) });
}
