/** Joins what has an address. Between the access links it loses nothing; whoever sits on the wire sees everything. */
import { type Address, hostOf } from './address.ts';
import type { Datagram } from './datagram.ts';

export interface Attachment {
  /** A datagram for one of its addresses. */
  arrive(datagram: Datagram): void;
}

/** On the wire: returns false to swallow the datagram. */
export type Tap = (datagram: Datagram) => boolean;

export class Internet {
  private readonly hosts = new Map<number, Attachment>();
  private tap: Tap | null = null;
  /** A datagram for `to` came out at the machine of that name. */
  onReached: (to: Address, owner: string) => void = () => {};

  attach(at: Address, attachment: Attachment): void {
    this.hosts.set(hostOf(at), attachment);
  }

  detach(at: Address, attachment: Attachment): void {
    if (this.hosts.get(hostOf(at)) === attachment) this.hosts.delete(hostOf(at));
  }

  setTap(tap: Tap): void {
    this.tap = tap;
  }

  send(datagram: Datagram): void {
    if (this.tap !== null && !this.tap(datagram)) return;
    this.inject(datagram);
  }

  /** Past the tap: what the one on the wire sends. */
  inject(datagram: Datagram): void {
    this.hosts.get(hostOf(datagram.to))?.arrive(datagram);
  }
}
