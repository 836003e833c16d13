/** The machine's service manager and the user that the daemons run as: what `server init` and `join` ask of it. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { hasTool, runTool } from './run-tool.ts';

export const SERVICE_USER = 'resip-vpn';

/** With them nothing is to be copied: the package has put them where they belong. */
const PACKAGED = fileURLToPath(new URL('systemd/', PACKAGE_ROOT));
const OWN_UNITS = '/etc/systemd/system';
const POLKIT_RULE = '50-resip-vpn.rules';
const POLKIT_PLACES = ['/usr/share/polkit-1/rules.d', '/etc/polkit-1/rules.d'];

/** A client that finds no link counts as started after half a minute. */
const START_TIMEOUT_MS = 90_000;

export type Role = 'client' | 'server';

/** sd_booted(3). */
export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

/** Name, uid and gid; made where it is missing. Undefined where that cannot be: then root it is. */
export async function ensureServiceUser(): Promise<
  { readonly name: string; readonly uid: number; readonly gid: number } | undefined
> {
  const id = async (option: '-u' | '-g') => Number(await runTool('id', [option, SERVICE_USER]));
  if (!(await hasTool('id', ['-u', SERVICE_USER]))) {
    const shell = ['--home-dir', '/nonexistent', '--no-create-home', '--shell', '/usr/sbin/nologin'];
    if (!(await hasTool('useradd', ['--system', '--user-group', ...shell, SERVICE_USER]))) return undefined;
  }
  return { name: SERVICE_USER, uid: await id('-u'), gid: await id('-g') };
}

/** Starts the unit now and with the machine. Throws `UserError`. */
export async function enableUnit(role: Role, name: string): Promise<string> {
  const unit = `resip-vpn-${role}@${name}`;
  if (!(await hasTool('systemctl', ['cat', `resip-vpn-${role}@.service`]))) await installUnit(role);
  try {
    await runTool('systemctl', ['daemon-reload']);
    await runTool('systemctl', ['enable', '--now', unit], { timeoutMs: START_TIMEOUT_MS });
  } catch (cause) {
    throw new UserError(`${unit} does not start`, { cause, fix: `see: journalctl -u ${unit}` });
  }
  return unit;
}

/**
 * Has the unit run as root, with the few rights that it lists: a file such as /etc/resolv.conf can be replaced by nobody else.
 * Returns the path of the drop-in.
 */
export async function runUnitAsRoot(role: Role, name: string): Promise<string> {
  const directory = join(OWN_UNITS, `resip-vpn-${role}@${name}.service.d`);
  const path = join(directory, 'dns.conf');
  await mkdir(directory, { recursive: true });
  const why = '# Nobody but root may write /etc/resolv.conf or call resolvconf here.';
  await writeFile(path, `${why}\n[Service]\nUser=root\nGroup=root\n`);
  return path;
}

/** polkit lets our user set the DNS servers of a link: then it need not be root. */
export async function allowUserDns(): Promise<boolean> {
  const has = (place: string) => existsSync(join(place, POLKIT_RULE));
  if (POLKIT_PLACES.some(has)) return true;
  const place = POLKIT_PLACES.findLast((path) => existsSync(path));
  if (place === undefined) return false;
  await copyFile(join(PACKAGED, POLKIT_RULE), join(place, POLKIT_RULE));
  return true;
}

/** Where no package has: from our own folder, with this very program in it. */
async function installUnit(role: Role): Promise<void> {
  const name = `resip-vpn-${role}@.service`;
  const text = await readFile(join(PACKAGED, name), 'utf8');
  const program = `${process.execPath} ${fileURLToPath(new URL('dist/main.js', PACKAGE_ROOT))}`;
  await mkdir(OWN_UNITS, { recursive: true });
  await writeFile(join(OWN_UNITS, name), text.replaceAll('/usr/bin/resip-vpn', program));
}
