/** The client's end of streams: joins a local connection with a new stream to its target. */
import { isIP, type Socket } from 'node:net';
import type { Stream, Target } from '../proto/stream/stream.ts';
import { parseIpv4, parseIpv6 } from '../proto/wire/ip-text.ts';
import { Protocol } from '../proto/wire/stream-commands.ts';
import { type PumpHost, StreamPump } from './stream-pump.ts';

export class StreamOpener {
  /** `open`: null = there are too many streams. */
  constructor(
    private readonly host: PumpHost,
    private readonly open: (target: Target) => Stream | null,
  ) {}

  /** `socket` has `allowHalfOpen`; it is reset when there are too many. */
  join(socket: Socket, target: Target): void {
    const stream = this.open(target);
    if (stream === null) {
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    stream.owner = new StreamPump(stream, socket, this.host);
    this.host.drain();
  }
}

/** `host`: an address, or a name, which stays one: the server resolves it. */
export function tcpTarget(host: string, port: number): Target {
  return { protocol: Protocol.TCP, host: hostBytes(host), port };
}

function hostBytes(host: string): Uint8Array | string {
  if (isIP(host) === 6) return parseIpv6(host) ?? host;
  if (isIP(host) === 0) return host;
  const address = parseIpv4(host);
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}
