/** What has to be there before anything else: rights, programs, keys, a configuration that makes sense. */
import { statSync } from 'node:fs';
import type { UserError } from '../../errors.ts';
import { hasTool } from '../../host/run-tool.ts';
import { countLeftovers } from '../../host/undo-journal.ts';
import { ClientState, clientStatePath } from '../../state/client-state.ts';
import { identityPath, readIdentity } from '../../state/server-identity.ts';
import type { Finding } from '../finding.ts';
import { findings } from '../finding.ts';
import { mayAdministrate } from '../machine.ts';
import type { Subject } from '../subject.ts';

export function checkPermissions(): Finding[] {
  const { ok, fault } = findings('permissions');
  if (mayAdministrate()) return [ok('this user may change the network')];
  return [
    fault('this user may not change the network', {
      why: 'devices, routes and rules take CAP_NET_ADMIN; most checks were left out',
      fix: 'run it as root: sudo resip-vpn doctor',
    }),
  ];
}

/** Program, arguments that do nothing, package of Debian, what for. */
const PROGRAMS = [
  ['ip', ['-V'], 'iproute2', 'notice changes of the network'],
  ['flock', ['-V'], 'util-linux', 'lock its state directory'],
  ['bash', ['--version'], 'bash', 'run its scripts'],
] as const;

export async function checkPrograms({ role, client, server }: Subject): Promise<Finding[]> {
  const { ok, warning, fault } = findings('programs');
  const found: Finding[] = [];
  for (const [name, args, debian, purpose] of PROGRAMS) {
    if (await hasTool(name, args)) continue;
    found.push(
      fault(`the program ${name} is missing`, {
        why: `without it resip-vpn cannot ${purpose}`,
        fix: `apt-get install ${debian}`,
      }),
    );
  }
  if (role === 'server' && server?.nat.kind !== 'off' && !(await hasTool('iptables', ['-V']))) {
    found.push(
      fault('the program iptables is missing', {
        why: 'it masquerades the clients',
        fix: 'apt-get install iptables; or --no-nat',
      }),
    );
  }
  if (role === 'client' && !(await hasTool('nft', ['-v']))) {
    const isWanted = client?.killSwitch !== undefined;
    const rest = {
      why: 'the kill switch and excluded programs work best with it',
      fix: 'apt-get install nftables',
    };
    if (isWanted) found.push(warning('the program nft is missing', rest));
  }
  return found.length > 0 ? found : [ok('everything that is called is installed')];
}

export async function checkSetUp(subject: Subject): Promise<Finding[]> {
  const { ok, fault, warning } = findings('set-up');
  const { role, stateDir, isSetUp, mistakes, configPath, status, silence } = subject;
  const found: Finding[] = [];
  if (mistakes !== undefined)
    found.push(
      fault('the configuration is wrong', {
        why: mistakes.message,
        fix: 'correct it; resip-vpn check-config tells when it is right',
      }),
    );
  if (silence !== undefined) found.push(fault(silence.what, { why: causeOf(silence), fix: silence.fix }));
  if (!isSetUp) {
    const fix =
      role === 'client'
        ? "give it an invite: resip-vpn client 'resip://…' -i wlan0; or name its directory with --state-dir DIR"
        : 'start it once: resip-vpn server; or name its directory with --state-dir DIR';
    found.push(fault(`there are no keys of a ${role} in ${stateDir}`, { fix }));
  }
  const secret = role === 'client' ? clientStatePath(stateDir) : identityPath(stateDir);
  const { mode = 0, uid = 0 } = statSync(secret, { throwIfNoEntry: false }) ?? {};
  if ((mode & 0o077) !== 0)
    found.push(warning(`others may read the keys in ${secret}`, { fix: `chmod 600 ${secret}` }));
  const owner = statSync(stateDir, { throwIfNoEntry: false })?.uid ?? 0;
  if (isSetUp && owner !== 0 && uid !== owner)
    found.push(
      fault(`the keys in ${secret} are not those of the user whose directory it is`, {
        why: 'the daemon becomes that user, and may not read them',
        fix: `chown --reference=${stateDir} ${secret}`,
      }),
    );
  const damage = await (role === 'client' ? ClientState.open(stateDir) : readIdentity(stateDir)).then(
    () => undefined,
    (error: UserError) => error,
  );
  if (damage !== undefined) found.push(fault(damage.what, { why: causeOf(damage), fix: damage.fix }));
  const left = status === undefined ? await countLeftovers(stateDir) : 0;
  if (left > 0)
    found.push(
      warning(`a ${role} that was killed left ${left} changes of this machine`, {
        why: 'routes, rules, DNS servers or firewall entries of the tunnel are still there',
        fix: `start it again: it takes them back first (and in the end)`,
        data: { left },
      }),
    );
  if (found.length > 0) return found;
  const from = configPath === undefined ? '' : `, configured by ${configPath}`;
  return [ok(`a ${role} of ${stateDir}${from}, ${status === undefined ? 'not running' : 'running'}`)];
}

function causeOf({ cause }: Error): string | undefined {
  return cause instanceof Error ? cause.message : cause === undefined ? undefined : String(cause);
}
