/** The configuration files that `server init` and `join` write: short, complete, and made to be edited. */
import { type Endpoint, formatEndpoint } from './units.ts';

export interface InitialServer {
  readonly stateDir: string;
  /** Absent: invites have to say it. */
  readonly endpoint?: Endpoint;
  /** As given; absent: the defaults. */
  readonly listen?: string;
  readonly pool?: string;
  /** Absent: that of the default route, whichever it is. */
  readonly outInterface?: string;
  readonly user?: string;
}

export interface InitialClient {
  readonly stateDir: string;
  /** As after `-i`. */
  readonly interfaces: readonly string[];
  readonly user?: string;
}

const HEAD = [
  '# resip-vpn, see resip-vpn.toml(5). `resip-vpn check-config` tells what is wrong with this file,',
  '# `resip-vpn reload` puts a change into force.',
  '',
];

export function serverText(server: InitialServer): string {
  return lines([
    ['state-dir', server.stateDir, 'Keys, invites and leases.'],
    ['user', server.user, 'Whom it runs as where no service manager sees to that.'],
    ['endpoint', server.endpoint && formatEndpoint(server.endpoint), 'Where clients reach this server.'],
    ['listen', server.listen, 'The UDP port, or ADDRESS:PORT.'],
    ['pool', server.pool, 'Addresses of the clients.'],
    ['nat', server.outInterface, 'Clients go out here.'],
  ]);
}

export function clientText(client: InitialClient): string {
  return lines([
    ['state-dir', client.stateDir, 'Keys of this client, and the server that it joined.'],
    ['user', client.user, 'Whom it runs as where no service manager sees to that.'],
    ['interface', client.interfaces, 'Links to use, as they come and go; "*" is every one.'],
  ]);
}

type Line = readonly [key: string, value: string | readonly string[] | undefined, says: string];

/** JSON's strings and lists are TOML's, too. */
function lines(all: readonly Line[]): string {
  const given = all.filter(([, value]) => value !== undefined);
  const texts = given.map(([key, value, says]) => `# ${says}\n${key} = ${JSON.stringify(value)}`);
  return `${HEAD.join('\n')}\n${texts.join('\n\n')}\n`;
}
