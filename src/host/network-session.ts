/** What both roles share: one netlink socket, one journal, one change at a time. */

import { UserError } from '../errors.ts';
import { mayChangeNetwork } from './capability.ts';
import { HostChanges } from './host-changes.ts';
import type { HostLog } from './host-log.ts';
import { Netlink } from './netlink/netlink.ts';
import { undoChange } from './undo-change.ts';
import type { UndoEntry } from './undo-entry.ts';
import { UndoJournal } from './undo-journal.ts';

export interface NetworkOptions {
  readonly stateDir: string;
  readonly log: HostLog;
  /** A kill switch that a killed process left stays until the new one stands. Default: it goes with the rest. */
  readonly adoptsKillSwitch?: boolean;
}

export class NetworkSession {
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(
    readonly netlink: Netlink,
    readonly changes: HostChanges,
    private readonly journal: UndoJournal,
  ) {}

  /** Undoes what a killed process left in `stateDir`, then is ready. Throws `UserError`. */
  static async open(options: NetworkOptions): Promise<NetworkSession> {
    if (!mayChangeNetwork()) {
      throw new UserError('the network of this machine cannot be changed', {
        cause: 'that takes root (CAP_NET_ADMIN)',
        fix: 'run it as root, or as a system service',
      });
    }
    const netlink = new Netlink();
    try {
      const undo = undoChange.bind(null, netlink);
      const adopts = options.adoptsKillSwitch ? isKillSwitch : undefined;
      const journal = await UndoJournal.open({ ...options, undo, adopts });
      return new NetworkSession(netlink, new HostChanges(netlink, journal), journal);
    } catch (error) {
      netlink.close();
      throw error;
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Runs after what was asked before it has ended, well or badly. Throws when the session is closed. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#isClosed) throw new Error('the network session is closed');
      return work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Takes back every change, newest first; but the kill switch when it is to stay. A second call waits for the first. */
  close(keepsKillSwitch = false): Promise<void> {
    if (this.#isClosed) return this.#last.then(() => {});
    const turn = this.#last.then(async () => {
      await this.journal.close(keepsKillSwitch ? isKillSwitch : undefined);
      this.netlink.close();
    });
    this.#isClosed = true;
    this.#last = turn.catch(() => {});
    return turn;
  }
}

function isKillSwitch({ kind }: UndoEntry): boolean {
  return kind === 'kill-switch';
}
