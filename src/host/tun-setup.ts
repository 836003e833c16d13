/** Gives a TUN interface its addresses and switches it on; both roles do it alike. */
import type { HostChanges } from './host-changes.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';

export interface TunSettings {
  readonly tunName: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly address6?: string;
  readonly prefixLength6?: number;
  readonly mtuBytes: number;
}

/** Packets that wait for the engine; at 1,400 bytes about 11 ms at 1 Gbit/s. The kernel's 500 drops bursts. */
const TX_QUEUE_LENGTH = 1_000;
/**
 * IN6_ADDR_GEN_MODE_NONE: no link-local address, so no router solicitations through the tunnel. Never put back: the
 * interface ends with the process, and on one that does not, writing the old value would make an address.
 */
const NO_GENERATED_ADDRESS = '1';

/** Returns the ids of the changes made, oldest first. Throws `UserError` when the interface does not exist. */
export async function setUpTun(changes: HostChanges, tun: TunSettings): Promise<number[]> {
  const link = await changes.existingLink(tun.tunName);
  const mode = `net/ipv6/conf/${tun.tunName}/addr_gen_mode`;
  if ((await readSysctl(mode)) !== null) await writeSysctl(mode, NO_GENERATED_ADDRESS);
  const made = [
    await changes.setLink(link, { isUp: true, mtuBytes: tun.mtuBytes, txQueueLength: TX_QUEUE_LENGTH }),
    await changes.addAddress(link, tun.address, tun.prefixLength),
  ];
  if (tun.address6) made.push(await changes.addAddress(link, tun.address6, tun.prefixLength6 ?? 128));
  return made.filter((id) => id !== null);
}
