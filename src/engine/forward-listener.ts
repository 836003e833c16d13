/** The client's end of local forwards: listens on local ports, and gives each caller a stream to the target. */
import type { Stream, Target } from '../proto/stream/stream.ts';
import { type LocalPort, openLocalPort } from './local-port.ts';
import type { Forward } from './messages.ts';
import type { Emit } from './role.ts';
import type { PumpHost } from './stream-owner.ts';
import { targetOf } from './target.ts';

export class ForwardListener {
  /** Null while it is being opened. */
  private readonly ports = new Map<string, LocalPort | null>();

  /** `open`: null = there are too many streams. */
  constructor(
    private readonly host: PumpHost,
    private readonly open: (target: Target) => Stream | null,
    private readonly emit: Emit,
  ) {}

  get size(): number {
    return this.ports.size;
  }

  /** The event `forward` follows, in any case. */
  add(forward: Forward): void {
    const { id, protocol, bindAddress, bindPort } = forward;
    const target = targetOf(protocol, forward.host, forward.port);
    const fail = ({ message, code = '' }: NodeJS.ErrnoException) => {
      this.remove(id);
      this.emit({ kind: 'forward', id, state: 'failed', message, code, port: 0 });
    };
    this.ports.set(id, null);
    openLocalPort({
      protocol,
      address: bindAddress,
      port: bindPort,
      host: this.host,
      open: () => this.open(target),
      onFailed: fail,
    }).then((opened) => {
      // It was removed meanwhile.
      if (!this.ports.has(id)) return opened.close();
      this.ports.set(id, opened);
      this.emit({ kind: 'forward', id, state: 'listening', message: '', code: '', port: opened.port });
    }, fail);
  }

  /** Connections that are open stay. */
  remove(id: string): void {
    this.ports.get(id)?.close();
    this.ports.delete(id);
  }

  close(): void {
    for (const id of [...this.ports.keys()]) this.remove(id);
  }
}
