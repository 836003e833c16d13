/** Every verb, with what the list of verbs says of it: the module of a verb is loaded when it is called for. */
import type { CommandModule } from 'yargs';

export interface Verb {
  /** As in its module: a test holds that. */
  readonly command: string;
  readonly describe: string;
  readonly load: () => Promise<CommandModule>;
}

/** In the order of the list. */
export const VERBS: readonly Verb[] = [
  {
    command: 'server',
    describe: 'Serve clients: addresses for them, and a way out to the internet',
    load: async () => (await import('./server.ts')).serverCommand,
  },
  {
    command: 'invite <name>',
    describe: 'Print an invite: one line that makes one new client',
    load: async () => (await import('./invite.ts')).inviteCommand,
  },
  {
    command: 'clients [action] [name] [value]',
    describe: 'List the clients of a server, shut one out, rename one, fix its address',
    load: async () => (await import('./clients.ts')).clientsCommand,
  },
  {
    command: 'join [invite]',
    describe: 'Set this machine up as a client: keys, configuration, service',
    load: async () => (await import('./join.ts')).joinCommand,
  },
  {
    command: 'client [invite..]',
    describe: 'Join a server over one or more interfaces at once',
    load: async () => (await import('./client.ts')).clientCommand,
  },
  {
    command: 'status [client]',
    describe: 'Show sessions, paths and counters of the running client or server',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  {
    command: 'events',
    describe: 'Show what happened to sessions and paths, also of a client or server that runs no more',
    load: async () => (await import('./events.ts')).eventsCommand,
  },
  {
    command: 'top [client]',
    describe: 'Watch paths and traffic of the running client or server live',
    load: async () => (await import('./top.ts')).topCommand,
  },
  {
    command: 'dashboard',
    describe: 'Print the address of the running client’s or server’s dashboard, which holds a secret word',
    load: async () => (await import('./dashboard.ts')).dashboardCommand,
  },
  {
    command: 'doctor [role]',
    describe: 'Find out why the tunnel does not work, and what to do about it',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    command: 'path [action] [interface]',
    describe: 'List the running client’s paths, add one, remove one',
    load: async () => (await import('./path.ts')).pathCommand,
  },
  {
    command: 'forward <what> [spec]',
    describe: 'Forward ports through the running client, to hosts beyond the server or from there',
    load: async () => (await import('./forward.ts')).forwardCommand,
  },
  {
    command: 'wakeup',
    describe: 'Tell the running client that a link is there again: new sockets, and what waits leaves',
    load: async () => (await import('./wakeup.ts')).wakeupCommand,
  },
  {
    command: 'check-config [file]',
    describe: 'Say everything that is wrong with a configuration file, and start nothing',
    load: async () => (await import('./check-config.ts')).checkConfigCommand,
  },
  {
    command: 'reload',
    describe: 'Have the running client or server take up its changed configuration file',
    load: async () => (await import('./reload.ts')).reloadCommand,
  },
  {
    command: 'kill-switch <what>',
    describe: 'Tell whether the kill switch is on, or take away what a killed client left',
    load: async () => (await import('./kill-switch.ts')).killSwitchCommand,
  },
  {
    command: 'policy [name]',
    describe: 'Show or change which links the running client and its server use for which packets',
    load: async () => (await import('./policy.ts')).policyCommand,
  },
  {
    command: 'exclude',
    describe: 'Run a program outside of the tunnel',
    load: async () => (await import('./exclude.ts')).excludeCommand,
  },
  {
    command: 'portal',
    describe: 'Run a browser over one link for a while: for the log-in page of a hotel',
    load: async () => (await import('./exclude.ts')).portalCommand,
  },
  {
    command: 'genkey',
    describe: 'Print a new private key',
    load: async () => (await import('./genkey.ts')).genkeyCommand,
  },
  {
    command: 'pubkey',
    describe: 'Read a private key, print its public key',
    load: async () => (await import('./pubkey.ts')).pubkeyCommand,
  },
];

/** `status` of `status [client]`. */
export function nameOf({ command }: Verb): string {
  return command.split(' ', 1)[0];
}

/** Those that `words` may mean. */
export function verbsIn(words: readonly string[]): Verb[] {
  return VERBS.filter((verb) => words.includes(nameOf(verb)));
}
