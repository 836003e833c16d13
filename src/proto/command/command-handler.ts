/**
 * Acts on the commands of channel 0 (PROTOCOL.md §5) that mean the same on both sides; what client and server do
 * differently goes to `CommandHooks`. Every body is authentic here but may still be nonsense: then it is counted.
 */
import type { CoreContext } from '../core-context.ts';
import type { PacketBatch } from '../packet-batch.ts';
import type { Path } from '../path/path.ts';
import type { Prober } from '../path/prober.ts';
import type { Session } from '../session/session.ts';
import { Command, commandOf, readClose } from '../wire/commands.ts';
import { isStartRequest, readStart, readStarted, readStop, readTerminate } from '../wire/stream-commands.ts';
import type { CommandSender } from './command-sender.ts';
import { PathCommands, type PathHooks } from './path-commands.ts';
import { type Source, sourceOf } from './source.ts';

export interface CommandHooks extends PathHooks {
  /** Address request (server), answer or refusal (client). */
  handleAddress(session: Session, body: Uint8Array, source: Source, now: number): void;
  handleClose(session: Session, reason: number, now: number): void;
  /** The client's wishes (server), or the number of those that the server took (client). False = malformed, or not for this side. */
  handlePreferences(session: Session, body: Uint8Array, source: Source, now: number): boolean;
  handlePreferencesTaken(session: Session, body: Uint8Array): boolean;
}

export class CommandHandler {
  private readonly paths: PathCommands;
  // Commands of the datagram at hand, a bit each.
  private seenNumber = -1;
  private seenKeySlot = -1;
  private seenCommands = 0;

  constructor(
    private readonly context: CoreContext,
    commands: CommandSender,
    prober: Prober,
    private readonly hooks: CommandHooks,
  ) {
    this.paths = new PathCommands(context, commands, prober, hooks);
  }

  handle(
    session: Session,
    path: Path | null,
    batch: PacketBatch,
    row: number,
    body: Uint8Array,
    now: number,
  ): void {
    if (body.length === 0 || !this.isFirstOfItsKind(batch, row, commandOf(body[0]))) {
      this.context.rejects.add('command');
      return;
    }
    if (!this.act(session, path, sourceOf(batch, row), body, now)) this.context.rejects.add('command');
  }

  /** A datagram carries a command once: many in one would draw more answers to an address than came from there. */
  private isFirstOfItsKind(batch: PacketBatch, row: number, command: number): boolean {
    if (this.seenNumber !== batch.packetNumber[row] || this.seenKeySlot !== batch.keySlot[row]) {
      this.seenNumber = batch.packetNumber[row];
      this.seenKeySlot = batch.keySlot[row];
      this.seenCommands = 0;
    }
    const bit = 1 << command;
    const isFirst = (this.seenCommands & bit) === 0 || command === Command.PADDING;
    this.seenCommands |= bit;
    return isFirst;
  }

  /** False when the command is unknown or malformed. */
  private act(session: Session, path: Path | null, source: Source, body: Uint8Array, now: number): boolean {
    switch (commandOf(body[0])) {
      case Command.PADDING:
        return true;
      case Command.PROBE:
        return this.paths.handleProbe(session, path, source, body, now);
      case Command.PROBE_REPLY:
        return this.paths.handleReply(session, body, now);
      case Command.KEEP_ALIVE:
        return this.paths.handleKeepAlive(session, path, source, body, now);
      case Command.ADDRESS:
        this.hooks.handleAddress(session, body, source, now);
        return true;
      case Command.CLOSE: {
        const reason = readClose(body, 0, body.length);
        if (reason < 0) return false;
        this.hooks.handleClose(session, reason, now);
        return true;
      }
      case Command.PREFERENCES:
        return this.hooks.handlePreferences(session, body, source, now);
      case Command.PREFERENCES_TAKEN:
        return this.hooks.handlePreferencesTaken(session, body);
      case Command.START:
      case Command.STOP:
      case Command.ACK:
      case Command.TERMINATE:
        return this.handleStream(session, body, now);
      case Command.ALLOWANCE:
        return this.paths.handleAllowance(session, body, now);
      case Command.CALL_BACK:
        return this.paths.handleCallBack(session, path, body, now);
      default:
        return false;
    }
  }

  /** An IP packet came from an address that is no path's. */
  handleStray(session: Session, batch: PacketBatch, row: number, now: number): void {
    this.paths.handleStray(session, sourceOf(batch, row), now);
  }

  /** What an earlier life of the peer has sent belongs to channels that are gone. */
  private handleStream(session: Session, body: Uint8Array, now: number): boolean {
    if (!session.association.knowsChannels(session)) return true;
    const { streams } = session.association;
    switch (commandOf(body[0])) {
      case Command.ACK:
        return streams.handleAck(body, 0, body.length, now);
      case Command.STOP: {
        const stop = readStop(body, 0, body.length);
        return stop !== null && streams.handleStop(stop, now);
      }
      case Command.TERMINATE: {
        const terminate = readTerminate(body, 0, body.length);
        return terminate !== null && streams.handleTerminate(terminate);
      }
      default:
        return isStartRequest(body, 0, body.length)
          ? this.handleStart(session, body, now)
          : streams.handleStarted(readStarted(body, 0, body.length), now);
    }
  }

  private handleStart({ association }: Session, body: Uint8Array, now: number): boolean {
    const start = readStart(body, 0, body.length);
    return start !== null && association.streams.handleStart(start, now);
  }
}
