/** A client over fakes of the machine and of the engine, and what it did. */
import type { ClientConfig } from '../../src/config/client-config.ts';
import { NO_HOOKS } from '../../src/config/hook-config.ts';
import { type InterfaceSpec, parseInterfaceSpec } from '../../src/config/interface-spec.ts';
import { startClient } from '../../src/daemon/client.ts';
import { temporaryDir } from '../state/temporary-dir.ts';
import { makeInvite, surroundings } from './fakes.ts';

export function spec(text: string): InterfaceSpec {
  const { spec, mistakes } = parseInterfaceSpec(text);
  if (spec === undefined) throw new Error(mistakes.join());
  return spec;
}

export function config(overrides: Partial<ClientConfig> = {}): ClientConfig {
  return {
    tunName: 'tun7',
    stateDir: temporaryDir(),
    log: { format: 'text', level: 'info' },
    hooks: NO_HOOKS,
    invite: makeInvite(),
    interfaces: [spec('wlan0'), spec('wwan0')],
    route: { kind: 'all' },
    policy: 'redundant',
    rules: [],
    forwards: [],
    persist: [],
    dns: { kind: 'pushed' },
    ...overrides,
  };
}

export async function start(overrides: Partial<ClientConfig> = {}, around = surroundings()) {
  const used = config(overrides);
  await startClient(used, around.clientParts, around.life);
  const engine = around.engines[0];
  const opened = () =>
    engine.commands.flatMap((command) =>
      command.kind === 'path-open' ? [`${command.interfaceName}/${command.family} as ${command.path}`] : [],
    );
  return { ...around, config: used, engine, opened };
}

export const assignment = {
  address: '10.77.0.2',
  prefixLength: 16,
  serverAddress: '10.77.0.1',
  mtuBytes: 1_400,
  dns: [],
  leaseSeconds: 3_600,
};
