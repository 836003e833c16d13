import type { CommandModule } from 'yargs';
import { UserError } from '../errors.ts';
import { POLICY_NAMES } from '../proto/policy/policy.ts';
import { daemonOptions, flagsOf, withExamples } from './options.ts';
import { POLICY_LINES } from './policy.ts';

export const clientCommand: CommandModule = {
  command: 'client [invite..]',
  describe: 'Join a server over one or more interfaces at once',
  builder: (parser) =>
    withExamples(
      parser
        .usage(
          `$0 client [INVITE] -i IFACE [-i IFACE …]\n\nJoin a server over one or more interfaces at once. INVITE is the line that \`resip-vpn invite\` printed;\nit is needed once.\n\nPolicies:\n${POLICY_LINES}`,
        )
        .options({
          interface: {
            alias: 'i',
            type: 'string',
            array: true,
            requiresArg: true,
            describe:
              'Interface to send over, or a pattern (wwan*), with options (IFACE,backup,metered,budget=50M/day); may be repeated',
          },
          'invite-file': {
            type: 'string',
            requiresArg: true,
            describe: 'File that holds the invite, which so does not show in `ps` [none]',
          },
          route: {
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'What goes into the tunnel: all, none, or networks [all]',
          },
          forward: {
            alias: 'L',
            type: 'string',
            array: true,
            requiresArg: true,
            describe:
              'Local port that leads to a host beyond the server: [BIND:]PORT[/udp]:HOST:PORT; may be repeated',
          },
          'remote-forward': {
            alias: 'R',
            type: 'string',
            array: true,
            requiresArg: true,
            describe:
              'Port of the server that leads to a host here, where the server allows it: [BIND:]PORT[/udp]:HOST:PORT; may be repeated',
          },
          persist: {
            type: 'string',
            array: true,
            requiresArg: true,
            describe:
              'TCP connections through the tunnel that outlive outages of days, with nothing to configure in programs: all, or tcp:22,443',
          },
          policy: {
            type: 'string',
            requiresArg: true,
            describe: `Which links carry a packet: ${POLICY_NAMES.join(', ')} [redundant]`,
          },
          rule: {
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'MATCH=POLICY: another policy for some traffic, see policy --help; may be repeated',
          },
          address: {
            type: 'string',
            requiresArg: true,
            describe: 'Tunnel address to ask for [the server chooses]',
          },
          dns: {
            type: 'string',
            array: true,
            describe: 'DNS server to ask through the tunnel, --no-dns for none [those of the server]',
          },
          'kill-switch': {
            type: 'boolean',
            describe: 'Nothing leaves the machine but through the tunnel, not even after a crash',
          },
          'kill-switch-allow': {
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'Network that may be reached all the same; may be repeated',
          },
          mtu: { type: 'string', requiresArg: true, describe: 'Upper bound of the inner MTU, bytes' },
          ...daemonOptions,
          config: {
            type: 'string',
            describe:
              'TOML file with these options as keys, --no-config for none [/etc/resip-vpn/client.toml]',
          },
        }),
      [
        ['client "$(cat laptop.invite)" -i wlan0 -i wwan0', 'Everything over Wi-Fi and LTE'],
        [
          "client -i wlan0 -i 'wwan*,budget=50M/day,backup'",
          'LTE only when Wi-Fi fails, and never more than 50 MB a day',
        ],
        [
          "client -i wlan0 -i wwan0 --policy bond --rule 'tcp:22=redundant'",
          'The sum of both links, ssh over both of them',
        ],
        ['client -i wlan0 -i wwan0 --persist tcp:22', 'ssh sessions that outlive days without a network'],
        ['client -i wlan0 -i wwan0 --route 192.168.7.0/24', 'The same server again, for one network only'],
      ],
    ),
  handler: async (parsed) => {
    const { invite: words, ...rest } = parsed;
    const flags = flagsOf(rest);
    addWords(flags, (words ?? []) as string[]);
    const { runClient } = await import('../daemon/run-client.ts');
    await runClient(flags);
  },
};

/** `--route A B` leaves B among the words; an invite may stand anywhere. */
function addWords(flags: Record<string, unknown>, words: readonly string[]): void {
  const invites = words.filter((word) => word.startsWith('resip:'));
  const others = words.filter((word) => !word.startsWith('resip:'));
  if (invites.length > 1) throw new UserError('one invite at a time', { exitCode: 2 });
  if (invites.length === 1) flags.invite = invites[0];
  if (others.length === 0) return;
  if (Array.isArray(flags.route)) {
    flags.route = [...flags.route, ...others];
    return;
  }
  throw new UserError(`${others[0]} is no invite`, {
    cause: 'an invite begins with resip://',
    fix: 'interfaces are named with -i, networks with --route',
    exitCode: 2,
  });
}
