/** What the commands of other programs are called here. */
const STOP =
  'Ctrl-C where it runs; as a service: systemctl stop resip-vpn-client@client (or resip-vpn-server@server)';
const START =
  'resip-vpn client; as a service: systemctl start resip-vpn-client@client (or resip-vpn-server@server)';
const LOGS = 'resip-vpn events; the log: journalctl -u resip-vpn-client@client (or resip-vpn-server@server)';

const WORDS: Readonly<Record<string, string>> = {
  up: START,
  start: START,
  connect: START,
  run: START,
  down: STOP,
  stop: STOP,
  disconnect: STOP,
  quit: STOP,
  restart: 'systemctl restart resip-vpn-client@client (or resip-vpn-server@server)',
  show: 'resip-vpn status',
  ping: 'resip-vpn status shows the round-trip time of each path',
  netcheck: 'resip-vpn doctor',
  check: 'resip-vpn doctor; a configuration: resip-vpn check-config',
  log: LOGS,
  logs: LOGS,
  init: 'resip-vpn server init; on a client: resip-vpn join INVITE',
  add: 'resip-vpn invite NAME lets a client in; resip-vpn path add IFACE uses another link',
  revoke: 'resip-vpn clients revoke NAME',
  peers: 'resip-vpn clients',
  version: 'resip-vpn --version',
};

/** What to do instead; undefined for a word that nobody uses for anything. */
export function remedyFor(word: string): string | undefined {
  return Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
}
