/** Tells that links, addresses, routes or rules have changed. What they are now, the listener asks the kernel. */
import { createNetlink, type NetlinkSocket, Protocol, rt } from 'netlink';

const GROUPS = [
  rt.MulticastGroups.LINK,
  rt.MulticastGroups.IPV4_IFADDR,
  rt.MulticastGroups.IPV6_IFADDR,
  rt.MulticastGroups.IPV4_ROUTE,
  rt.MulticastGroups.IPV6_ROUTE,
  rt.MulticastGroups.IPV4_RULE,
  rt.MulticastGroups.IPV6_RULE,
];

/**
 * Messages carry no state on purpose: a full socket buffer loses some (ENOBUFS), and a listener that looks for itself
 * cannot drift from the kernel.
 */
export class NetlinkMonitor {
  #socket: NetlinkSocket;
  #isClosed = false;

  /** `onChange` runs once per batch of notifications; not debounced. */
  constructor(private readonly onChange: () => void) {
    this.#socket = this.#subscribe();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  #subscribe(): NetlinkSocket {
    const socket = createNetlink(Protocol.ROUTE);
    for (const group of GROUPS) socket.addMembership(group);
    socket.on('message', this.onChange);
    socket.on('error', () => this.#resubscribe());
    return socket;
  }

  /** An overrun raises POLLERR, after which libuv never polls the descriptor again: only a new socket hears more. */
  #resubscribe(): void {
    if (this.#isClosed) return;
    this.#socket.removeAllListeners();
    this.#socket.on('error', () => {});
    this.#socket = this.#subscribe();
    this.onChange();
  }
}
