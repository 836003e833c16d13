/** What of a server's configuration can be put into force while it runs. (Clients and invites are no configuration: they come and go.) */
import type { ServerConfig } from '../config/server-config.ts';
import type { StreamRules } from '../engine/messages.ts';
import { type CommonSettingsParts, commonSettings, type Setting } from './reload.ts';

export interface ServerSettingsParts extends CommonSettingsParts {
  readonly setStreamRules: (rules: StreamRules) => void;
}

export function serverSettings(parts: ServerSettingsParts): readonly Setting<ServerConfig>[] {
  const apply = ({ streamRules }: ServerConfig) => parts.setStreamRules(streamRules);
  return [
    ...commonSettings(parts),
    { key: 'listen', of: ({ listen }) => listen },
    { key: 'pool', of: ({ pool }) => pool },
    { key: 'pool6', of: ({ pool6 }) => pool6 },
    { key: 'nat', of: ({ nat }) => nat },
    { key: 'dns', of: ({ dns }) => dns },
    { key: 'mtu', of: ({ mtuBytes }) => mtuBytes },
    { key: 'lease', of: ({ leaseMs }) => leaseMs },
    // Only `invite` asks for it, and reads the file itself.
    { key: 'endpoint', of: ({ endpoint }) => endpoint, apply: () => {} },
    { key: 'max-clients', of: ({ maxClients }) => maxClients },
    { key: 'allow-target', of: ({ streamRules }) => streamRules.targets.allow, apply },
    { key: 'deny-target', of: ({ streamRules }) => streamRules.targets.deny, apply },
    { key: 'allow-listen', of: ({ streamRules }) => streamRules.listen, apply },
    { key: 'max-streams', of: ({ maxStreams }) => maxStreams },
  ];
}
