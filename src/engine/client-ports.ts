/** The server's end of remote forwards (PROTOCOL.md §9): listens for clients where the rules allow it. */
import { News, type Stream } from '../proto/stream/stream.ts';
import { Protocol, TerminateKind } from '../proto/wire/stream-commands.ts';
import type { ListenPolicy } from './listen-rules.ts';
import { type LocalPort, openLocalPort, plainAddress } from './local-port.ts';
import { formatAddress } from './socket-dialer.ts';
import type { PumpHost, StreamOwner } from './stream-owner.ts';
import { addressBytes } from './target.ts';

/** Of one client. */
const MAX_PORTS = 64;

const KINDS: Readonly<Record<string, TerminateKind>> = {
  EADDRINUSE: TerminateKind.ADDRESS_IN_USE,
  EACCES: TerminateKind.DENIED,
};

export class ClientPorts {
  private readonly ports = new Set<ClientPort>();

  constructor(
    private readonly host: PumpHost,
    private policy: ListenPolicy,
    private readonly onRefused: (stream: Stream, kind: TerminateKind) => void,
  ) {}

  /** `stream.target` listens. Ends in `accept` or `terminate`. */
  open(stream: Stream): void {
    const kind = this.refusal(stream);
    if (kind !== null) {
      stream.terminate(kind);
      this.onRefused(stream, kind);
      return;
    }
    const port = new ClientPort(stream, this.host, () => this.ports.delete(port));
    this.ports.add(port);
    stream.owner = port;
    void port.open();
  }

  /** Ports that are not allowed any more are given up. */
  setPolicy(policy: ListenPolicy): void {
    this.policy = policy;
    for (const port of [...this.ports]) if (!this.isAllowed(port.stream)) port.end(TerminateKind.DENIED);
  }

  close(): void {
    for (const port of [...this.ports]) port.end(TerminateKind.RESET);
  }

  private refusal(stream: Stream): TerminateKind | null {
    if (!this.isAllowed(stream)) return TerminateKind.DENIED;
    const own = [...this.ports].filter((port) => port.stream.peerName === stream.peerName);
    return own.length < MAX_PORTS ? null : TerminateKind.LIMIT;
  }

  private isAllowed(stream: Stream): boolean {
    const address = addressOf(stream);
    return address !== null && this.policy.allows(stream.peerName, address, stream.target.port);
  }
}

/** '' = every address; null for a name: who listens says where. */
function addressOf({ target: { host } }: Stream): string | null {
  if (typeof host !== 'string') return formatAddress(host);
  return host === '*' ? '' : null;
}

class ClientPort implements StreamOwner {
  private opened: LocalPort | null = null;
  private isOver = false;

  constructor(
    readonly stream: Stream,
    private readonly host: PumpHost,
    private readonly onOver: () => void,
  ) {}

  async open(): Promise<void> {
    const { stream, host } = this;
    const { protocol, port } = stream.target;
    try {
      const opened = await openLocalPort({
        protocol: protocol === Protocol.UDP ? 'udp' : 'tcp',
        address: addressOf(stream) ?? '',
        port,
        host,
        open: (caller) =>
          stream.openForCaller(addressBytes(plainAddress(caller.address)), caller.port, host.nowMs),
        onFailed: (error) => this.fail(error),
      });
      if (this.isOver) return opened.close();
      this.opened = opened;
      stream.accept();
      stream.write(Uint8Array.of(opened.port >>> 8, opened.port), 0, 2);
      host.drain();
    } catch (error) {
      this.fail(error as NodeJS.ErrnoException);
    }
  }

  handleNews(news: number): void {
    const { stream } = this;
    if (news & News.TERMINATED) this.close();
    else if (news & News.READABLE) {
      // A client has nothing to say here.
      for (let bytes = stream.peek(); bytes !== null; bytes = stream.peek())
        stream.take(bytes.length, this.host.nowMs);
      if (stream.isEnded) this.end(TerminateKind.RESET);
    }
  }

  end(kind: TerminateKind): void {
    this.stream.terminate(kind);
    this.close();
    this.host.drain();
  }

  private fail({ code = '' }: NodeJS.ErrnoException): void {
    if (!this.isOver) this.end(KINDS[code] ?? TerminateKind.UNREACHABLE);
  }

  private close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.opened?.close();
    this.onOver();
  }
}
