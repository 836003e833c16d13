/** A UDP port of this machine: each sender is a flow with a stream of its own. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { DatagramPump } from './datagram-pump.ts';
import type { LocalPort, PortOptions } from './local-port.ts';
import type { SocketAddress } from './messages.ts';
import { refuseDatagram } from './udp-refusal.ts';

/** How often flows are looked at for those that are idle. */
const SWEEP_MS = 5_000;

/** Rejects with the system's error. */
export function openUdpPort(options: PortOptions): Promise<LocalPort> {
  const { address, port, onFailed } = options;
  const takesBoth = address === '' && existsSync('/proc/net/if_inet6');
  const socket = createSocket({
    type: takesBoth || isIPv6(address) ? 'udp6' : 'udp4',
    ipv6Only: isIPv6(address),
  });
  const flows = new UdpFlows(socket, options);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      flows.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.bind(port, address || undefined, () => {
      socket.off('error', fail).on('error', onFailed);
      resolve({ port: socket.address().port, close: () => flows.close() });
    });
  });
}

class UdpFlows {
  /** The latest of each sender. Bounded by the streams of the association, as those are that are not over. */
  private readonly flows = new Map<string, DatagramPump>();
  private readonly open = new Set<DatagramPump>();
  private readonly sweep: NodeJS.Timeout;

  constructor(
    private readonly socket: Socket,
    private readonly options: PortOptions,
  ) {
    socket.on('message', (datagram, from) => this.handleDatagram(datagram, from));
    this.sweep = setInterval(() => this.endIdle(), SWEEP_MS).unref();
  }

  /** Ends its flows: without the socket nothing would reach their senders. */
  close(): void {
    clearInterval(this.sweep);
    for (const flow of [...this.open]) flow.abort();
    this.socket.close();
  }

  /** Where datagrams come in. */
  private get port(): SocketAddress {
    return { address: this.options.address, port: this.socket.address().port };
  }

  private handleDatagram(datagram: Uint8Array, from: RemoteInfo): void {
    const sender = `${from.address} ${from.port}`;
    const known = this.flows.get(sender);
    const flow = known === undefined || known.hasEnded ? this.begin(sender, from) : known;
    flow?.handleDatagram(datagram);
  }

  private begin(sender: string, { address, port }: RemoteInfo): DatagramPump | null {
    const stream = this.options.open({ address, port });
    if (stream === null) return null;
    const flow: DatagramPump = new DatagramPump(
      stream,
      {
        send: (datagram, done) => this.socket.send(datagram, port, address, done),
        close: () => {
          this.open.delete(flow);
          refuseDatagram(stream.endedBy, { address, port }, this.port);
          if (this.flows.get(sender) === flow) this.flows.delete(sender);
        },
      },
      this.options.host,
    );
    stream.owner = flow;
    this.flows.set(sender, flow);
    this.open.add(flow);
    return flow;
  }

  private endIdle(): void {
    for (const flow of this.flows.values()) flow.endIfIdle();
  }
}
