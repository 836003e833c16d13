/**
 * A session: one set of keys between two ends, with its packet numbers and its duplicate window. Sessions come and go
 * with rekeying and restarts; what lasts is the association.
 */
import type { Association } from '../association/association.ts';
import { type PacketBatch, Verdict } from '../packet-batch.ts';
import { Suite } from '../ports.ts';
import { DatagramType } from '../wire/datagram.ts';
import { ReplayWindow } from './replay-window.ts';

/** PROTOCOL.md §6. */
export const REKEY_AFTER_MS = 120_000;
export const REKEY_IDLE_AFTER_MS = 3_600_000;
export const REKEY_AFTER_DATAGRAMS = 2 ** 30;
/** No datagram is sealed beyond this; far above the rekey count, far below what either AEAD allows. */
export const LAST_PACKET_NUMBER = 2 ** 32;
export const SESSION_SILENT_MS = 180_000;
export const SESSION_LIFE_MS = 3_900_000;
export const PREVIOUS_SESSION_MS = 30_000;
export const WINDOW_PACKETS = 65_536;
/** The window follows the packet rate at this pace. */
const FIT_EVERY_MS = 500;

export class Session {
  readonly window = new ReplayWindow(WINDOW_PACKETS);
  private nextPacketNumber = 0;
  lastReceivedMs: number;
  private fittedMs: number;
  private fittedTop = -1;
  /** The peer's life that it was made with; channels are those of one life. */
  peerIncarnation = 0;
  /** Set when an IP packet went through it in either direction: such a session is rekeyed early. */
  carriedPackets = false;

  /**
   * `localId` is what the peer writes into its headers, `remoteId` what this side writes; both int32.
   * `keySlot` is the slot in the sealer's key table.
   */
  constructor(
    readonly association: Association,
    readonly localId: number,
    readonly remoteId: number,
    readonly keySlot: number,
    readonly suite: Suite,
    readonly createdMs: number,
  ) {
    this.lastReceivedMs = createdMs;
    this.fittedMs = createdMs;
  }

  get sentDatagrams(): number {
    return this.nextPacketNumber;
  }

  get suiteName(): string {
    return this.suite === Suite.AES_256_GCM ? 'AES-256-GCM' : 'ChaCha20-Poly1305';
  }

  /** False once the packet numbers are used up: then only a new session helps. */
  get canSend(): boolean {
    return this.nextPacketNumber < LAST_PACKET_NUMBER;
  }

  /** Gives the row this session's id, key and next packet number; the row is ready to be sealed. */
  stamp(batch: PacketBatch, row: number): void {
    batch.type[row] = DatagramType.DATA;
    batch.sessionId[row] = this.remoteId;
    batch.keySlot[row] = this.keySlot;
    batch.packetNumber[row] = this.nextPacketNumber++;
    batch.verdict[row] = Verdict.SEAL;
  }

  /** When age alone asks for a successor. */
  get rekeyDueMs(): number {
    return this.createdMs + (this.carriedPackets ? REKEY_AFTER_MS : REKEY_IDLE_AFTER_MS);
  }

  /** True when it is time for a successor. */
  wantsRekey(now: number): boolean {
    return (
      now >= this.rekeyDueMs ||
      this.nextPacketNumber >= REKEY_AFTER_DATAGRAMS ||
      this.window.top >= REKEY_AFTER_DATAGRAMS
    );
  }

  /** Widens the duplicate window to what arrives while the latest copy is still under way. */
  fitWindow(latestMs: number, now: number): void {
    const elapsedMs = now - this.fittedMs;
    if (elapsedMs < FIT_EVERY_MS) return;
    const packetsPerMs = (this.window.top - this.fittedTop) / elapsedMs;
    this.fittedMs = now;
    this.fittedTop = this.window.top;
    this.window.grow(2 * packetsPerMs * latestMs);
  }

  /** True when it must not be used any more. */
  hasExpired(now: number): boolean {
    return (
      now - this.lastReceivedMs >= SESSION_SILENT_MS ||
      now - this.createdMs >= SESSION_LIFE_MS ||
      !this.canSend
    );
  }
}
