/**
 * A daemon that root starts by hand becomes the user of its configuration: `setpriv` starts the same command line again in the same
 * process, with that user's rights and the few capabilities that the network takes. Before anything is set up and not
 * after: a process of many threads cannot change all of theirs, and what it starts (ip, nft, hooks) would have none.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import type { CommonConfig } from '../config/common-config.ts';
import { UserError } from '../errors.ts';
import { loadNative } from '../native/native.ts';
import { ensureStateDir } from '../state/state-dir.ts';
import { handOver } from '../state/state-owner.ts';

const TUN_DEVICE = '/dev/net/tun';

/** As in the units: interfaces, routes, firewall; raw sockets of iptables; ports below 1024. */
const CAPABILITIES = ['net_admin', 'net_raw', 'net_bind_service'];

/** `files` are those that it will have to read. Returns when there is nothing to become. Throws `UserError`. */
export function becomeUser(
  { user, stateDir }: Pick<CommonConfig, 'user' | 'stateDir'>,
  files: readonly string[],
  opensTun = true,
): void {
  if (user === undefined || process.geteuid?.() !== 0) return;
  const id = (option: string) => Number(spawnSync('id', [option, user], { encoding: 'utf8' }).stdout || -1);
  const owner = { uid: id('-u'), gid: id('-g') };
  if (owner.uid === 0) return;
  if (owner.uid < 0) {
    throw new UserError(`there is no user ${user} on this machine`, {
      fix: `make it: useradd --system ${user}; or take \`user\` out of the configuration`,
      exitCode: 78,
    });
  }
  ensureStateDir(stateDir);
  handOver(stateDir, owner);

  const only = ['-all', ...CAPABILITIES.map((name) => `+${name}`)].join(',');
  const sets = ['--inh-caps', '--ambient-caps', '--bounding-set'].flatMap((set) => [set, only]);
  const setpriv = [
    'setpriv',
    '--reuid',
    user,
    '--regid',
    `${owner.gid}`,
    '--init-groups',
    '--no-new-privs',
    ...sets,
  ];
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  for (const path of [process.argv[1], ...files, stateDir]) {
    if (isAllowed(setpriv, user, ['-r', path])) continue;
    throw new UserError(`the user ${user} may not read ${path}`, {
      fix: `chgrp ${user} ${path} && chmod g+r ${path} (and let it through the folders above); or take \`user\` out of the configuration`,
      exitCode: 78,
    });
  }
  // Without the device the engine says what to do.
  const opensIt = () => isAllowed(setpriv, user, ['-r', TUN_DEVICE, '-a', '-w', TUN_DEVICE]);
  if (opensTun && existsSync(TUN_DEVICE) && !opensIt()) {
    throw new UserError(`the user ${user} may not open ${TUN_DEVICE}`, {
      cause: 'udev lets everybody open it, for that alone gives no rights; here it has not',
      fix: `chmod 666 ${TUN_DEVICE}; or take \`user\` out of the configuration`,
    });
  }
  loadNative().addon.execProgram([...setpriv, '--', ...program]);
}

/**
 * For a verb of root's that changes the network: it goes on as the owner of `stateDir`, where that is somebody else. Links and a
 * journal that this user may have laid there lead no further than its own rights. Throws `UserError`.
 */
export function becomeOwnerWithRights(stateDir: string, files: readonly string[], opensTun: boolean): void {
  if (process.geteuid?.() !== 0) return;
  const { uid } = statSync(stateDir);
  if (uid === 0) return;
  const user = spawnSync('id', ['-nu', String(uid)], { encoding: 'utf8' }).stdout.trim();
  becomeUser({ user: user || String(uid), stateDir }, files, opensTun);
}

/** What test(1) says to that user: better asked here than found out by the loader of modules. */
function isAllowed(setpriv: readonly string[], user: string, question: readonly string[]): boolean {
  const [file, ...options] = setpriv;
  const { status, error, stderr } = spawnSync(file, [...options, '--', 'test', ...question], {
    encoding: 'utf8',
  });
  if (error === undefined && stderr === '') return status === 0;
  throw new UserError(`cannot become ${user}`, {
    cause: error ?? stderr.trim(),
    fix: 'apt-get install util-linux; or take `user` out of the configuration',
  });
}
