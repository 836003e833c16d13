/** One turn of one machine: what the reference model expects of it, what it did, and whether that agrees. */
import type { Association } from '../../../src/proto/association/association.ts';
import type { ClientDirectory } from '../../../src/proto/association/client-directory.ts';
import type { CoreBase } from '../../../src/proto/core-base.ts';
import { type InnerPacket, type Ledger, type Place, SERVER } from '../ledger.ts';
import type { Sealed } from '../net/datagram.ts';
import type { KeyRecord } from './key-book.ts';
import type { OrderWatch } from './order-watch.ts';
import type { Expected, ReceiverModel } from './receiver-model.ts';
import { Violation } from './violation.ts';

interface Due extends Expected {
  readonly key: KeyRecord;
}

/** What is asked of the machine when the turn is over. */
export interface Facts {
  mayComeFrom(packet: InnerPacket): boolean;
  isOpen(key: KeyRecord): boolean;
}

export class Step {
  /** What TUN gave the core in this turn. */
  readonly offered: InnerPacket[] = [];
  /** Ids of inner packets that left in datagrams, whole or in pieces. */
  readonly sealed = new Set<number>();
  /** Ids of what was written to TUN. */
  readonly delivered = new Set<number>();
  hasArrivals = false;
  /** Something arrived that may be believed. */
  hasGenuine = false;
  private readonly due: Due[] = [];
  private readonly dropsBefore: number;
  private readonly heldBefore: Map<Association, number>;

  constructor(
    private readonly name: string,
    private readonly core: CoreBase,
    private readonly place: Place,
    private readonly order: OrderWatch,
    private readonly nowMs: number,
    /** False: what asks every association is left out. */
    readonly looksInside: boolean,
  ) {
    this.dropsBefore = this.drops();
    this.heldBefore = looksInside ? this.held() : new Map();
  }

  /** A copy reached this machine. */
  expect(model: ReceiverModel, sealed: Sealed, ledger: Ledger, facts: Facts, now: number): void {
    const expected = model.handle(sealed, now);
    if (expected === null) return;
    this.hasGenuine = true;
    for (const one of expected) {
      const packet = ledger.find(one.id);
      const certain = one.certain && packet !== undefined && !packet.isSpoofed && facts.mayComeFrom(packet);
      this.due.push({ ...one, certain, key: sealed.key });
      const { lane, number } = one.last;
      // What the server passes on to a client waits there for other reasons.
      if (lane >= 0 && (this.place !== SERVER || packet?.to === SERVER))
        this.order.handleArrived(one.id, sealed.by, lane, number, certain, this.nowMs);
    }
  }

  noteSealed(sealed: Sealed): void {
    for (const piece of sealed.pieces) if (piece.id >= 0) this.sealed.add(piece.id);
  }

  finish(ledger: Ledger, facts: Facts): void {
    let missing = 0;
    for (const packet of this.offered) if (!this.sealed.has(packet.id)) missing++;
    const dueIds = new Set<number>();
    for (const { id, certain, key, last } of this.due) {
      dueIds.add(id);
      const packet = ledger.find(id);
      if (packet === undefined || !certain || last.lane >= 0 || !facts.mayComeFrom(packet)) continue;
      // A command earlier in the batch ended the session.
      if (!facts.isOpen(key)) continue;
      const isHere = packet.to === this.place || this.delivered.has(id);
      if (isHere ? this.delivered.has(id) : this.sealed.has(id)) continue;
      if (isHere) throw new Violation('delivered', `${this.name}: packet ${id} arrived and did not come out`);
      missing++;
    }
    for (const id of this.delivered)
      if (!dueIds.has(id) && !this.order.has(id) && ledger.find(id) !== undefined)
        throw new Violation('not-before-arrival', `${this.name}: packet ${id} came out early`);
    for (const id of this.delivered) this.order.handleHandedOn(id, this.nowMs);
    this.order.check(this.nowMs);
    if (missing === 0 || !this.looksInside) return;
    let explained = this.drops() - this.dropsBefore;
    for (const [association, held] of this.held())
      explained += Math.max(0, held - (this.heldBefore.get(association) ?? 0));
    if (missing > explained)
      throw new Violation(
        'none-vanishes',
        `${this.name}: ${missing} neither left nor are held, ${explained} counted`,
      );
  }

  private drops(): number {
    const { drops } = this.core['context'];
    return (
      drops.get('bad-packet') +
      drops.get('no-destination') +
      drops.get('link-local') +
      drops.get('batch-full') +
      drops.get('hold-overflow') +
      drops.get('over-budget') +
      drops.get('spoofed-source')
    );
  }

  private held(): Map<Association, number> {
    const held = new Map<Association, number>();
    for (const association of associationsOf(this.core))
      held.set(association, association.sender.heldPackets);
    return held;
  }
}

/** Looks inside: client or server. */
export function associationsOf(core: CoreBase): Association[] {
  const inside = core as unknown as {
    association?: Association;
    clients?: { directory: ClientDirectory };
  };
  if (inside.association !== undefined) return [inside.association];
  const associations = [];
  for (const client of inside.clients?.directory.all() ?? [])
    if (client.association !== null) associations.push(client.association);
  return associations;
}

/** When this end last believed that it heard something, over any path or in any session. */
export function lastHeardMs(core: CoreBase): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const association of associationsOf(core)) {
    last = Math.max(last, association.current?.lastReceivedMs ?? last);
    for (const path of association.paths) last = Math.max(last, path?.lastHeardMs ?? last);
  }
  return last;
}
