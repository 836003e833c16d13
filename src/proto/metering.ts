/** The client keeps the budgets of its metered paths: shares what is left with the server, falls silent when nothing is. */
import type { Association } from './association/association.ts';
import type { CommandSender } from './command/command-sender.ts';
import type { CoreEvent } from './events.ts';
import type { Path } from './path/path.ts';
import { isUsable } from './path/path-state.ts';
import { ALLOWANCE_BYTES, writeAllowance } from './wire/commands.ts';

/** How often accounts are looked at under traffic. */
const LOOK_EVERY_MS = 50;
/** While something comes over a path that is used up, the server has not heard of it. */
const REPEAT_MS = 300;
/** PROTOCOL.md §5. */
const NO_LIMIT_BYTES = Number.MAX_SAFE_INTEGER;

export class Metering {
  private number = 0;
  private readonly toldMs = new Map<Path, number>();
  /** Bit `p`: the server may believe that path `p` has a budget. */
  private limitedMask = 0;

  constructor(
    private readonly association: Association,
    private readonly commands: CommandSender,
    private readonly events: CoreEvent[],
  ) {}

  /** Looks at every account; true = a path is used up, or is not any more. */
  run(now: number): boolean {
    let changed = false;
    for (const path of this.association.paths)
      if (path?.meter.isLimited && this.runPath(path, now)) changed = true;
    return changed;
  }

  /** When `run` has to be called next. */
  dueMs(now: number): number {
    if (!this.association.activity.isActive(now)) return Number.POSITIVE_INFINITY;
    // What crosses another path, probes and handshakes, is counted when the next of them is due.
    const carries = this.association.paths.some((path) => path?.meter.isLimited && isUsable(path.state));
    return carries ? now + LOOK_EVERY_MS : Number.POSITIVE_INFINITY;
  }

  /** The path of that number may have had a budget before, when it led elsewhere. */
  handleOpened(path: Path, limitBytes: number | undefined, now: number): void {
    if (limitBytes !== undefined || (this.limitedMask & (1 << path.id)) !== 0)
      this.setLimit(path, limitBytes, now);
  }

  setLimit(path: Path, limitBytes: number | undefined, now: number): void {
    path.meter.setLimit(limitBytes, path.spentBytes);
    this.toldMs.delete(path);
    if (path.meter.isLimited) this.runPath(path, now);
    else {
      path.isExhausted = false;
      path.allowance.grant(Number.POSITIVE_INFINITY);
      this.tell(path, NO_LIMIT_BYTES);
    }
  }

  /** The server of a new session may be another process: it is told anew. */
  handleSession(): void {
    for (const path of this.association.paths) {
      if (path === null) continue;
      path.meter.shareAgain();
      if (path.isExhausted) this.tell(path, 0);
      else if (!path.meter.isLimited && (this.limitedMask & (1 << path.id)) !== 0)
        this.tell(path, NO_LIMIT_BYTES);
    }
  }

  /** The path is about to be closed. */
  handleClosing(path: Path): void {
    this.toldMs.delete(path);
    if (path.meter.isLimited) this.report(path, true);
  }

  /** Something arrived over a path that is used up. */
  handleUnwanted(path: Path, now: number): void {
    if (now - (this.toldMs.get(path) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    this.toldMs.set(path, now);
    this.tell(path, 0);
  }

  private runPath(path: Path, now: number): boolean {
    const { spentBytes } = path;
    if (path.meter.wantsReport(spentBytes)) this.report(path, false);
    const task = path.meter.poll(
      spentBytes,
      path.receivedOuterBytes,
      Math.max(path.answerMs, path.rtt.latestMs ?? 0),
      now,
    );
    const was = path.isExhausted;
    switch (task.kind) {
      case 'share':
        path.isExhausted = false;
        path.allowance.grant(task.bytes);
        this.tell(path, task.bytes);
        break;
      case 'used-up':
        if (was) break;
        path.isExhausted = true;
        path.allowance.grant(0);
        this.tell(path, 0);
        this.commandsOver(path, path, 0);
        this.report(path, false);
        break;
      case 'none':
    }
    return path.isExhausted !== was;
  }

  /** Over every path that may carry it. */
  private tell(subject: Path, bytes: number): void {
    this.number = (this.number + 1) >>> 0;
    if (bytes !== NO_LIMIT_BYTES) this.limitedMask |= 1 << subject.id;
    for (const path of this.association.paths)
      if (path !== null && !path.isExhausted) this.commandsOver(path, subject, bytes);
  }

  private commandsOver(path: Path, subject: Path, bytes: number): void {
    const session = this.association.current;
    if (session === null) return;
    const body = new Uint8Array(ALLOWANCE_BYTES);
    writeAllowance(body, 0, { pathId: subject.id, number: this.number, allowedBytes: bytes });
    this.commands.toPath(session, path, body);
  }

  private report({ id, interfaceName, spentBytes }: Path, isFinal: boolean): void {
    this.events.push({ kind: 'path-spent', path: id, interfaceName, spentBytes, isFinal });
  }
}
