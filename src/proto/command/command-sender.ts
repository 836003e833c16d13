/** Sends commands: one interior packet on channel 0 in a datagram of its own. */
import type { CoreContext } from '../core-context.ts';
import type { Path } from '../path/path.ts';
import type { Session } from '../session/session.ts';
import { COMMAND_CHANNEL, COMMAND_INTERIOR_BYTES, writeInteriorHeader } from '../wire/interior.ts';

/** Header and tag around an interior, bytes. */
const DATAGRAM_OVERHEAD_BYTES = 28;

export class CommandSender {
  constructor(private readonly context: CoreContext) {}

  /** `body` starts with the command byte. `datagramBytes` > 0 pads the datagram to that size (path MTU probes). */
  toPath(session: Session, path: Path, body: Uint8Array, datagramBytes = 0): boolean {
    const row = this.begin(body, datagramBytes);
    if (row < 0) return false;
    this.context.outbox.finish(row, this.context.outbox.batch.length[row], session, 1 << path.id);
    return true;
  }

  /** To where a datagram came from: `words` from `at`, through `socket`. */
  toAddress(session: Session, socket: number, words: Int32Array, at: number, body: Uint8Array): boolean {
    const row = this.begin(body, 0);
    if (row < 0) return false;
    this.context.outbox.finishTo(row, this.context.outbox.batch.length[row], session, socket, words, at);
    return true;
  }

  /** Over every path that exists, up or down; the server leaves out those that have not been validated (PROTOCOL.md §5). */
  toAllPaths(session: Session, body: Uint8Array): void {
    for (const path of session.association.paths) {
      const mayHear =
        path !== null && !path.isExhausted && (!this.context.isServer || path.state !== 'validating');
      if (mayHear) this.toPath(session, path, body);
    }
  }

  private begin(body: Uint8Array, datagramBytes: number): number {
    const { outbox, drops, isServer } = this.context;
    const bodyEnd = COMMAND_INTERIOR_BYTES + body.length;
    const padBytes = datagramBytes - DATAGRAM_OVERHEAD_BYTES - bodyEnd;
    // Padding is a command of its own (0), its header included.
    const total = padBytes > COMMAND_INTERIOR_BYTES ? bodyEnd + padBytes : bodyEnd;
    const row = outbox.begin(total);
    if (row < 0) {
      drops.add('batch-full');
      return -1;
    }
    const bytes = outbox.batch.arena;
    const at = outbox.batch.offset[row];
    writeInteriorHeader(bytes, at, isServer, COMMAND_CHANNEL, 0, body.length, false);
    bytes.set(body, at + COMMAND_INTERIOR_BYTES);
    if (total > bodyEnd) {
      const padding = total - bodyEnd - COMMAND_INTERIOR_BYTES;
      writeInteriorHeader(bytes, at + bodyEnd, isServer, COMMAND_CHANNEL, 0, padding, false);
      bytes.fill(0, at + bodyEnd + COMMAND_INTERIOR_BYTES, at + total);
    }
    return row;
  }
}
