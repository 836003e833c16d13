/**
 * From TUN to the wire, in packet order:
 *
 *   1. check       the row holds an IP header
 *   2. route       association (client: the only one; server: by destination)
 *   3. send        wrap, cut in pieces or hold; session id, key, packet number, path mask (association.ts)
 *   4. seal, send  the driver, over the whole batch
 */
import type { CoreContext } from './core-context.ts';
import type { PacketBatch } from './packet-batch.ts';
import { Verdict } from './packet-batch.ts';
import type { Routes } from './routes.ts';
import { checkIp } from './wire/ip.ts';

export function handleOutbound(context: CoreContext, routes: Routes, batch: PacketBatch, now: number): void {
  const { arena, offset, length, verdict } = batch;
  for (let row = 0; row < batch.count; row++) {
    if (checkIp(arena, offset[row], length[row]) === 0) {
      context.drops.add('bad-packet');
      verdict[row] = Verdict.DROP;
      continue;
    }
    const target = routes.outbound(arena, offset[row]);
    if (typeof target === 'string') {
      context.drops.add(target);
      verdict[row] = Verdict.DROP;
      continue;
    }
    target.sender.send(batch, row, now);
  }
}
