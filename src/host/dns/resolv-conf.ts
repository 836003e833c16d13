/** /etc/resolv.conf where nobody else manages it: replaced by ours for a while, with what was there kept in the journal. */
import { chmod, lstat, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';

/** A page of text is a large one. */
const MAX_BYTES = 64 * 1024;
/** First word of our first line. */
const MARKER = '# resip-vpn';

/** What stood there; enough to put it back. */
export type FileBefore =
  | { kind: 'file'; text: string; mode: number }
  | { kind: 'link'; target: string }
  | { kind: 'missing' };

export function resolvConfText(instance: string, servers: readonly string[]): string {
  const note = `${MARKER} ${instance}: put back as it was when the VPN ends; edits go to what it puts back`;
  return [note, ...servers.map((server) => `nameserver ${server}`), ''].join('\n');
}

/** The instance that wrote `text`; null when none did. */
export function instanceOf(text: string): string | null {
  return new RegExp(`^${MARKER} ([^:\\s]+):`).exec(text)?.[1] ?? null;
}

/** Empty when there is none. */
export async function readResolvConf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

/** Throws for what is no small text file or symbolic link. */
export async function readBefore(path: string): Promise<FileBefore> {
  const status = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (status === undefined) return { kind: 'missing' };
  if (status.isSymbolicLink()) return { kind: 'link', target: await readlink(path) };
  if (!status.isFile() || status.size > MAX_BYTES) throw new Error(`${path} is no small text file`);
  return { kind: 'file', text: await readFile(path, 'utf8'), mode: status.mode & 0o777 };
}

/**
 * In one step where the directory allows it; else in place: a file that is mounted there of its own (network namespaces,
 * containers, units with a read-only /etc) can be written but not replaced. A link's target is never written.
 */
export async function writeResolvConf(path: string, text: string, mode = 0o644): Promise<void> {
  if (await isMounted(path)) return writeFile(path, text);
  const fresh = `${path}.resip-vpn`;
  try {
    await writeFile(fresh, text, { mode });
    await chmod(fresh, mode);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    const isLink = (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? true;
    if (isLink) throw error;
    await writeFile(path, text);
  }
}

/** A file may be mounted over another one. proc(5): the fifth field of mountinfo is the mount point. */
export async function isMounted(path: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[4] === path);
}

/** Puts back what was there; leaves alone what is not `instance`'s any more. */
export async function restoreResolvConf(path: string, instance: string, before: FileBefore): Promise<void> {
  if (instanceOf(await readResolvConf(path)) !== instance) return;
  switch (before.kind) {
    case 'file':
      return writeResolvConf(path, before.text, before.mode);
    case 'missing':
      return rm(path, { force: true });
    case 'link': {
      const fresh = `${path}.resip-vpn`;
      await rm(fresh, { force: true });
      await symlink(before.target, fresh);
      return rename(fresh, path);
    }
  }
}
