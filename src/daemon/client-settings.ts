/** What of a client's configuration can be put into force while it runs. */
import type { ClientConfig } from '../config/client-config.ts';
import type { Forward } from '../engine/messages.ts';
import type { ClientPaths } from './client-paths.ts';
import type { Forwards } from './forwards.ts';
import type { Persist } from './persist.ts';
import type { PolicyControl } from './policy-control.ts';
import { type CommonSettingsParts, commonSettings, type Setting } from './reload.ts';
import type { WantedInterfaces } from './wanted-interfaces.ts';

export interface ClientSettingsParts extends CommonSettingsParts {
  readonly wanted: WantedInterfaces;
  readonly paths: Pick<ClientPaths, 'sync'>;
  readonly policies: Pick<PolicyControl, 'set'>;
  readonly persist: Pick<Persist, 'set'>;
  readonly forwards: Pick<Forwards, 'configure'>;
}

export function clientSettings(parts: ClientSettingsParts): readonly Setting<ClientConfig>[] {
  const { wanted, paths, policies, persist, forwards } = parts;
  const ofDirection = (direction: Forward['direction']): Setting<ClientConfig> => ({
    key: direction === 'local' ? 'forward' : 'remote-forward',
    of: (config) => config.forwards.filter((forward) => forward.direction === direction),
    apply: (config) => forwards.configure(config.forwards),
  });
  return [
    ...commonSettings(parts),
    {
      key: 'interface',
      of: ({ interfaces }) => interfaces,
      // Paths that stay wanted as they are stay open: no packet is lost.
      apply: ({ interfaces }) => {
        wanted.replace(interfaces);
        return paths.sync();
      },
    },
    { key: 'invite', of: ({ invite }) => invite },
    { key: 'invite-file', of: ({ inviteFile }) => inviteFile },
    { key: 'route', of: ({ route }) => route },
    { key: 'persist', of: (config) => config.persist, apply: (config) => persist.set(config.persist) },
    { key: 'policy', of: ({ policy }) => policy, apply: (config) => policies.set(config) },
    { key: 'rule', of: ({ rules }) => rules, apply: (config) => policies.set(config) },
    { key: 'address', of: ({ address }) => address },
    { key: 'mtu', of: ({ mtuBytes }) => mtuBytes },
    { key: 'dns', of: ({ dns }) => dns },
    { key: 'kill-switch', of: ({ killSwitch }) => killSwitch !== undefined },
    { key: 'kill-switch-allow', of: ({ killSwitch }) => killSwitch?.allowed ?? [] },
    // Last, for a port may be taken: that is told, and all else is in force.
    ofDirection('local'),
    ofDirection('remote'),
  ];
}
