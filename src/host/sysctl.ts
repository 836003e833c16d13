/** Kernel settings by their path below /proc/sys: an interface name may hold dots, so the dotted form is ambiguous. */
import { readFile, writeFile } from 'node:fs/promises';

/** `name` as in `net/ipv4/conf/eth0/rp_filter`; null when the kernel has no such setting. */
export async function readSysctl(name: string): Promise<string | null> {
  try {
    return (await readFile(`/proc/sys/${name}`, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

export async function writeSysctl(name: string, value: string): Promise<void> {
  await writeFile(`/proc/sys/${name}`, value);
}
