/**
 * The kernel's part of `--persist`: TCP connections that would go into the tunnel are diverted to a listener on this machine
 * (`scripts/persist.sh`), those of a network behind it as well.
 */
import type { HostChanges } from './host-changes.ts';
import type { HostLog } from './host-log.ts';
import { NetlinkMonitor } from './netlink/monitor.ts';
import { ROUTE_PROTOCOL } from './network-objects.ts';
import { MARK_MASK, pathPriority, persistAnswerMark, persistGroup, persistMark } from './routing-plan.ts';
import { hasTool } from './run-tool.ts';
import { runScript } from './script.ts';

export interface PersistRequest {
  readonly tunName: string;
  /** Ports and ranges as nft takes them. */
  readonly ports: readonly string[];
  /** Where 127.0.0.1 and ::1 take the connections. */
  readonly port4: number;
  readonly port6?: number;
  /** A connection's first packet is logged and dropped, instead of diverted: somebody listens to the group. */
  readonly isHolding: boolean;
}

export class PersistRedirect {
  #made: number | undefined;
  #options: readonly string[] = [];
  #monitor: NetlinkMonitor | undefined;

  constructor(
    /** Names the table. */
    private readonly name: string,
    /** First of the instance's 256 marks and tables. */
    private readonly markBase: number,
    private readonly changes: HostChanges,
    private readonly log: HostLog,
    /** Somebody may have removed it (`nft flush ruleset`): call `keep`. */
    private readonly onLost: () => void,
  ) {}

  /** From now on these, instead of what was before; connections that are diverted already stay so. Throws `UserError`. */
  async set({ tunName, ports, port4, port6, isHolding }: PersistRequest): Promise<void> {
    const mark = persistMark(this.markBase);
    const rules = [
      ...(await this.changes.netlink.rules(4)),
      ...(await this.changes.netlink.rules(6).catch(() => [])),
    ];
    this.#options = [
      ...['--name', this.name, '--mark', `${mark}`, '--own', `${this.markBase}/${MARK_MASK}`],
      ...['--tun', tunName, '--ports', ports.join(',')],
      ...['--priority', `${pathPriority(rules, ROUTE_PROTOCOL)}`, '--port4', `${port4}`],
      ...(port6 === undefined ? [] : ['--port6', `${port6}`]),
      ...(isHolding ? ['--group', `${persistGroup(this.markBase)}`] : []),
      ...(isHolding ? ['--answer', `${persistAnswerMark(this.markBase)}`] : []),
    ];
    const up = () => runPersist('up', this.#options);
    if (this.#made !== undefined) await up();
    else {
      const down = ['--name', this.name, '--mark', `${mark}`];
      this.#made = await this.changes.make({ kind: 'persist', arguments: down }, up);
      this.#monitor = new NetlinkMonitor(this.onLost, this.log, 'firewall');
      await this.#monitor.start();
    }
    this.log.info({ ports: ports.join(',') }, 'persist-on');
  }

  async unset(): Promise<void> {
    if (this.#made === undefined) return;
    this.close();
    await this.changes.undo([this.#made]);
    this.#made = undefined;
    this.log.info({}, 'persist-off');
  }

  /** Puts it back when somebody removed it. */
  async keep(): Promise<void> {
    if (this.#made === undefined || (await this.#isInForce())) return;
    await runPersist('up', this.#options);
    this.log.warn({ table: this.name }, 'persist-put-back');
  }

  /** Stops watching; the journal takes the rest away. */
  close(): void {
    this.#monitor?.close();
    this.#monitor = undefined;
  }

  async #isInForce(): Promise<boolean> {
    const mark = persistMark(this.markBase);
    const rules = await this.changes.netlink.rules(4);
    if (!rules.some((rule) => rule.mark === mark && rule.table === mark)) return false;
    return hasTool('nft', ['list', 'table', 'inet', this.name]);
  }
}

/** Throws `UserError`. */
export function runPersist(verb: 'up' | 'down', options: readonly string[]): Promise<void> {
  return runScript('persist.sh', verb, options, 'leave --persist out');
}
