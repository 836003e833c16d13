/**
 * First packets of connections, taken out of the kernel and given back: the firewall (`scripts/persist.sh`) logs and drops them,
 * and whatever carries one of our marks is let on, or answered by the kernel itself.
 */
import { existsSync } from 'node:fs';
import { loadNative } from '../native/native.ts';

export interface SynPort {
  /** `head` is the next one's from the next call on. */
  watch(handle: (head: Uint8Array) => void): void;
  /** A whole packet of the family. It may be lost, as any packet. */
  send(family: 4 | 6, packet: Uint8Array, mark: number): void;
  close(): void;
}

/** Heads at once, before others get their turn. */
const BURST = 256;
/** More than the addon gives. */
const HEAD_BYTES = 256;

export class LinuxSynPort implements SynPort {
  private readonly log: number;
  private readonly sockets = new Map<4 | 6, number>();
  private readonly head = new Uint8Array(HEAD_BYTES);

  /** `group`: of nfnetlink_log. Throws `NativeError`: EBUSY (somebody else has the group), EPERM. */
  constructor(
    group: number,
    private readonly addon = loadNative().addon,
  ) {
    this.log = addon.packetLogOpen(group);
    try {
      this.sockets.set(4, addon.rawOpen(4));
      if (existsSync('/proc/net/if_inet6')) this.sockets.set(6, addon.rawOpen(6));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  watch(handle: (head: Uint8Array) => void): void {
    this.addon.watch(this.log, () => {
      for (let i = 0; i < BURST; i++) {
        const bytes = this.addon.packetLogRead(this.log, this.head);
        if (bytes === 0) break;
        handle(this.head.subarray(0, bytes));
      }
    });
  }

  send(family: 4 | 6, packet: Uint8Array, mark: number): void {
    const socket = this.sockets.get(family);
    // What the kernel answers itself it does not let through: EPERM is no failure.
    if (socket !== undefined) this.addon.rawSend(socket, packet, mark);
  }

  close(): void {
    this.addon.packetLogClose(this.log);
    for (const socket of this.sockets.values()) this.addon.rawClose(socket);
  }
}
