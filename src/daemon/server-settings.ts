/** What of a server's configuration can be put into force while it runs. (Clients and invites are no configuration: they come and go.) */
import type { ServerConfig } from '../config/server-config.ts';
import { type CommonSettingsParts, commonSettings, type Setting } from './reload.ts';

export function serverSettings(parts: CommonSettingsParts): readonly Setting<ServerConfig>[] {
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
    { key: 'allow-target', of: ({ targets }) => targets.allow },
    { key: 'deny-target', of: ({ targets }) => targets.deny },
    { key: 'max-streams', of: ({ maxStreams }) => maxStreams },
  ];
}
