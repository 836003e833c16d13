/** The manual pages resip-vpn(8) and resip-vpn.toml(5), from the modules that read command lines and configurations. */
import { clientKind } from '../../src/config/client-config.ts';
import type { ConfigKind } from '../../src/config/common-config.ts';
import { serverKind } from '../../src/config/server-config.ts';
import { COMMON_FLAGS, type CommandInfo, type FlagInfo } from './describe.ts';
import { bold, italic, item, line, literal, roff } from './roff.ts';

export interface Edition {
  readonly version: string;
  /** `2026-11-21`. */
  readonly date: string;
}

export function commandsPage(commands: readonly CommandInfo[], edition: Edition): string {
  const list = commands.map(({ synopsis }) =>
    synopsis.map((text) => `.br\n${synopsisLine(text)}`).join('\n'),
  );
  return page('RESIP-VPN', 8, edition, [
    '.SH NAME',
    'resip\\-vpn \\- a VPN over several links at once',
    '.SH SYNOPSIS',
    list.join('\n').replace('.br\n', ''),
    '.SH DESCRIPTION',
    line(
      'Sends every packet over every link of the machine; the first copy to arrive wins. A server gives its clients addresses and a way out to the internet.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    '.SH OPTIONS OF EVERY COMMAND',
    ...COMMON_FLAGS.map(flagItem),
    '.SH EXIT STATUS',
    item(bold('0'), 'Done.'),
    item(bold('1'), 'Failed.'),
    item(bold('2'), 'Misused: the command line is wrong.'),
    item(bold('78'), 'The configuration is wrong.'),
    '.SH SIGNALS',
    item(
      bold('SIGTERM, SIGINT'),
      'End: every route, rule, address and firewall entry that the process made is taken down.',
    ),
    item(bold('SIGHUP'), 'Read the configuration again and put into force what needs no new start.'),
    '.SH ENVIRONMENT',
    item(
      bold('RESIP_VPN_INVITE_FILE'),
      'File that holds the invite of a client, see `invite-file` in the configuration.',
    ),
    item(
      bold('CREDENTIALS_DIRECTORY'),
      'The credential `invite` of a systemd unit is the invite, where nothing else says one.',
    ),
    '.SH FILES',
    item(italic('/etc/resip-vpn/NAME.toml'), 'Configurations.'),
    item(
      italic('/var/lib/resip-vpn/NAME'),
      'Keys, leases and the control socket of the service NAME; without services, `/var/lib/resip-vpn` itself.',
    ),
    '.SH SEE ALSO',
    '.BR resip\\-vpn.toml (5),',
    '.BR ip (8),',
    '.BR nft (8),',
    '.BR systemctl (1)',
  ]);
}

export function configPage(commands: readonly CommandInfo[], edition: Edition): string {
  const sections = [clientKind, serverKind].flatMap((kind: ConfigKind<unknown>) => {
    const command = commands.find(({ path }) => path.join(' ') === kind.role);
    return [
      `.SH KEYS OF A ${kind.role.toUpperCase()}`,
      ...kind.keys.map((key) => keyItem(kind, key, command)),
    ];
  });
  return page('RESIP-VPN.TOML', 5, edition, [
    '.SH NAME',
    'resip\\-vpn.toml \\- configuration of a resip\\-vpn client or server',
    '.SH SYNOPSIS',
    italic('/etc/resip-vpn/NAME.toml'),
    '.SH DESCRIPTION',
    line(
      'A configuration is a TOML file; its keys are the flags of `resip-vpn client` and `resip-vpn server`. What the command line says wins. Without `--config`, client.toml or server.toml is read where there is one.',
    ),
    '.PP',
    line(
      '`resip-vpn check-config NAME` tells everything that is wrong with a file and starts nothing. `resip-vpn reload` puts a changed file into force, and names what needs a new start.',
    ),
    '.PP',
    line('A key that may be repeated as a flag takes one value or a list.'),
    ...sections,
    '.SH EXAMPLES',
    'A client:',
    literal([
      'interface = ["wlan0", "wwan*,budget=50M/day,backup"]',
      'policy = "bond"',
      'rule = ["tcp:22=redundant"]',
    ]),
    '.PP',
    'A server:',
    literal(['endpoint = "vpn.example.org:4600"', 'pool = "10.99.0.0/24"', 'dns = ["9.9.9.9"]']),
    '.SH SEE ALSO',
    '.BR resip\\-vpn (8)',
  ]);
}

function page(name: string, section: number, { version, date }: Edition, parts: readonly string[]): string {
  return `.TH ${roff(name)} ${section} ${date} "resip\\-vpn ${version}"\n${parts.join('\n')}\n`;
}

function synopsisLine(text: string): string {
  const [, command, rest = ''] = /^(resip-vpn(?: [a-z][a-z-]*)*)(.*)$/.exec(text) ?? ['', text];
  // What follows two blanks says what the form does.
  const [form, says] = rest.split(/ {2,}/);
  return `${bold(command)}${roff(form)}${says === undefined ? '' : `   (${roff(says)})`}`;
}

function commandSection({
  path,
  summary,
  synopsis,
  about,
  positionals,
  flags,
  examples,
}: CommandInfo): string[] {
  const paragraphs = about.split('\n\n').filter((text) => text !== '');
  return [
    `.SS ${roff(path.join(' '))}`,
    synopsis.map(synopsisLine).join('\n.br\n'),
    '.PP',
    line(`${summary}.`),
    // Lists keep their lines, prose flows.
    ...paragraphs.flatMap((text) =>
      /^ {2}/m.test(text) ? [literal(text.split('\n'))] : ['.PP', line(text.replaceAll('\n', ' '))],
    ),
    ...positionals.map(({ name, text, choices }) =>
      item(
        italic(name.toUpperCase()),
        sentence(choices.length > 0 ? `${text} (${choices.join(', ')})` : text),
      ),
    ),
    ...flags.map(flagItem),
    ...examples.flatMap(({ line: text, does }) => ['.PP', line(`${does}:`), literal([text])]),
  ];
}

function flagItem({ name, alias, text, takesValue, choices, usual }: FlagInfo): string {
  const forms = [...(alias === undefined ? [] : [`-${alias}`]), `--${name}`].map(bold).join(', ');
  const value = takesValue ? ` ${italic(choices.length > 0 ? choices.join('|') : 'VALUE')}` : '';
  return item(`${forms}${value}`, sentence(usual === undefined ? text : `${text} [${usual}]`));
}

function keyItem(kind: ConfigKind<unknown>, key: string, command: CommandInfo | undefined): string {
  const flag = command?.flags.find(({ name }) => name === key);
  const text =
    flag?.text ?? (key === 'invite' ? 'The line that `resip-vpn invite` printed; needed once' : '');
  return item(bold(key), sentence(text), `Expected: ${expectation(kind, key)}.`);
}

/** What the schema says to a value that no key takes. */
export function expectation(kind: ConfigKind<unknown>, key: string): string {
  const wrong = new Date(0);
  const result = kind.schema.safeParse({ [key]: wrong });
  const issue = result.error?.issues.find(({ path }) => path[0] === key);
  if (issue === undefined) throw new Error(`${kind.role}: ${key} takes anything`);
  return issue.message;
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
