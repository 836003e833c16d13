/** Every queue and table of a core is within its stated limit, and empty where the driver has just drained it. */
import type { CoreBase } from '../../../src/proto/core-base.ts';
import type { ServerCore } from '../../../src/proto/server-core.ts';
import { associationsOf } from './step.ts';
import { Violation } from './violation.ts';

/** The limits as the product states them, written down a second time. */
const HELD_PACKETS = 512;
const HELD_BYTES = 512 * 1024;
const REASSEMBLY_PIECES = 128;
const ORDERED_PACKETS = 2_048;
const PENDING_HANDSHAKES = 1_024;
const SPENT_INITIATIONS = 4_096;
const WINDOW_BITS = 1_048_576;

export class BoundsWatch {
  check(name: string, core: CoreBase): void {
    const within = (what: string, value: number, limit: number) => {
      if (value > limit) throw new Violation('bounded', `${name}: ${what} ${value}, limit ${limit}`);
    };
    const context = core['context'];
    within('outbox', context.outbox.batch.count, 0);
    within('deliveries', context.deliveries.count, 0);
    within('events', context.events.length, 0);
    const associations = associationsOf(core);
    within('sessions', context.sessions.size, context.sessions.capacity);
    within('timers', core['timers'].size, associations.length);
    for (const association of associations) {
      const hold = association.sender['hold'];
      within('held packets', hold.length, HELD_PACKETS);
      within('held bytes', hold['bytes'], HELD_BYTES);
      within('packets that wait for their turn', association.reorder?.held ?? 0, ORDERED_PACKETS);
      within('pieces', association.reassembly.heldPieces, REASSEMBLY_PIECES);
      const words = association.current?.window['words'].length ?? 0;
      within('window bits', words * 32, WINDOW_BITS);
    }
    if (context.isServer) this.checkServer(core as ServerCore, within);
  }

  private checkServer(core: ServerCore, within: (what: string, value: number, limit: number) => void): void {
    const handshake = core['handshake'];
    const pending = handshake['pending'];
    within('pending handshakes', pending.size, PENDING_HANDSHAKES);
    within('spent initiations', pending['spent'].size, SPENT_INITIATIONS);
    within('newcomers', handshake['admission']['newcomers'].size, pending.size);
    within('leases', core['clients'].leases.leasedCount, core['clients'].leases['options'].maxLeases);
  }
}
