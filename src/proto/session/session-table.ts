/** Finds the session of a datagram, and hands out key slots and session ids. Bounded by the key table. */
import type { Association } from '../association/association.ts';
import type { BatchSealer, RandomBytes, Suite } from '../ports.ts';
import type { SessionKeys } from './handshake-keys.ts';
import { Session } from './session.ts';

export class SessionTable {
  private readonly byId = new Map<number, Session>();
  private readonly bySlot: (Session | null)[];
  private readonly freeSlots: number[] = [];
  /** Slots of removed sessions whose last datagrams may still wait to be sealed. */
  private readonly retiredSlots: number[] = [];

  constructor(
    readonly capacity: number,
    private readonly sealer: BatchSealer,
    private readonly random: RandomBytes,
    /** False while the core holds stamped datagrams that the driver has not sealed. */
    private readonly isDrained: () => boolean,
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
    this.wipeRetired();
    const slot = this.freeSlots.pop();
    if (slot !== undefined)
      this.sealer.installKey(slot, suite, keys.sealKey, keys.sealIv, keys.openKey, keys.openIv);
    for (const secret of [keys.sealKey, keys.sealIv, keys.openKey, keys.openIv]) secret.fill(0);
    if (slot === undefined) return null;
    const session = new Session(association, localId, remoteId, slot, suite, now);
    this.byId.set(localId, session);
    this.bySlot[slot] = session;
    return session;
  }

  /** Nothing is found or opened any more; what is stamped already can still be sealed, under the same key. */
  remove(session: Session): void {
    if (this.bySlot[session.keySlot] !== session) return;
    this.byId.delete(session.localId);
    this.bySlot[session.keySlot] = null;
    this.retiredSlots.push(session.keySlot);
    this.wipeRetired();
  }

  /**
   * Wipes the keys of removed sessions and frees their slots, once nothing waits to be sealed: a slot that changes hands
   * earlier would seal the old session's numbers under the new session's key.
   */
  wipeRetired(): void {
    if (this.retiredSlots.length === 0 || !this.isDrained()) return;
    for (const slot of this.retiredSlots.splice(0)) {
      this.sealer.removeKey(slot);
      this.freeSlots.push(slot);
    }
  }
}
