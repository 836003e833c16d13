/** What of a client's configuration can be put into force while it runs. */
import type { ClientConfig } from '../config/client-config.ts';
import type { ClientPaths } from './client-paths.ts';
import type { Persist } from './persist.ts';
import type { PolicyControl } from './policy-control.ts';
import { type CommonSettingsParts, commonSettings, type Setting } from './reload.ts';
import type { WantedInterfaces } from './wanted-interfaces.ts';

export interface ClientSettingsParts extends CommonSettingsParts {
  readonly wanted: WantedInterfaces;
  readonly paths: Pick<ClientPaths, 'sync'>;
  readonly policies: Pick<PolicyControl, 'set'>;
  readonly persist: Pick<Persist, 'set'>;
}

export function clientSettings(parts: ClientSettingsParts): readonly Setting<ClientConfig>[] {
  const { wanted, paths, policies, persist } = parts;
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
    { key: 'forward', of: ({ forwards }) => forwards },
    { key: 'persist', of: (config) => config.persist, apply: (config) => persist.set(config.persist) },
    { key: 'policy', of: ({ policy }) => policy, apply: (config) => policies.set(config) },
    { key: 'rule', of: ({ rules }) => rules, apply: (config) => policies.set(config) },
    { key: 'address', of: ({ address }) => address },
    { key: 'mtu', of: ({ mtuBytes }) => mtuBytes },
    { key: 'dns', of: ({ dns }) => dns },
    { key: 'kill-switch', of: ({ killSwitch }) => killSwitch !== undefined },
    { key: 'kill-switch-allow', of: ({ killSwitch }) => killSwitch?.allowed ?? [] },
  ];
}
