/** Finds the session of a datagram, and hands out key slots and session ids. Bounded by the key table. */
import type { Association } from '../association/association.ts';
import type { BatchSealer, RandomBytes, Suite } from '../ports.ts';
import type { SessionKeys } from './handshake-keys.ts';
import { Session } from './session.ts';

export class SessionTable {
  private readonly byId = new Map<number, Session>();
  private readonly bySlot: (Session | null)[];
  private readonly freeSlots: number[] = [];

  constructor(
    readonly capacity: number,
    private readonly sealer: BatchSealer,
    private readonly random: RandomBytes,
  ) {
    this.bySlot = new Array(capacity).fill(null);
    for (let slot = capacity - 1; slot >= 0; slot--) this.freeSlots.push(slot);
  }

  get size(): number {
    return this.byId.size;
  }

  /** `id` is int32. */
  find(id: number): Session | undefined {
    return this.byId.get(id);
  }

  /** The session whose key is installed there; valid for rows that were just opened with it. */
  atSlot(keySlot: number): Session | null {
    return this.bySlot[keySlot];
  }

  /** A random id (int32, not 0) that no session of this end uses. */
  newId(): number {
    for (;;) {
      const bytes = this.random(4);
      const id = (bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3];
      if (id !== 0 && !this.byId.has(id)) return id;
    }
  }

  /** Installs the keys (and wipes the arrays given); null when the table is full. */
  create(
    association: Association,
    localId: number,
    remoteId: number,
    suite: Suite,
    keys: SessionKeys,
    now: number,
  ): Session | null {
    const slot = this.freeSlots.pop();
    if (slot === undefined) return null;
    this.sealer.installKey(slot, suite, keys.sealKey, keys.sealIv, keys.openKey, keys.openIv);
    for (const secret of [keys.sealKey, keys.sealIv, keys.openKey, keys.openIv]) secret.fill(0);
    const session = new Session(association, localId, remoteId, slot, suite, now);
    this.byId.set(localId, session);
    this.bySlot[slot] = session;
    return session;
  }

  remove(session: Session): void {
    if (this.bySlot[session.keySlot] !== session) return;
    this.byId.delete(session.localId);
    this.bySlot[session.keySlot] = null;
    this.sealer.removeKey(session.keySlot);
    this.freeSlots.push(session.keySlot);
  }
}
