/**
 * The tunnel's DNS servers in force, and kept so: network managers write DNS settings whenever a link changes.
 *
 *   none ──use──▶ in force ──somebody else wrote──▶ (what he wrote is what is put back in the end) ──▶ in force
 *                    └──journal: clean end, next start──▶ as it was
 */
import { unwatchFile, watchFile } from 'node:fs';
import type { HostChanges } from '../host-changes.ts';
import type { HostLog } from '../host-log.ts';
import { runTool } from '../run-tool.ts';
import { type DnsWay, findDnsWay, RESOLV_CONF } from './dns-way.ts';
import { instanceOf, readBefore, readResolvConf, resolvConfText, writeResolvConf } from './resolv-conf.ts';

/** A DHCP client may write seconds after the network changed. */
const LOOK_EVERY_MS = 1_000;

const FIXES = {
  resolvectl: 'see: systemctl status systemd-resolved; or say --no-dns',
  resolvconf: 'see what resolvconf says to it by hand; or say --no-dns',
  file: `make ${RESOLV_CONF} writable (in a unit: ReadWritePaths), a file and no link; or say --no-dns`,
} as const;

export class DnsKeeper {
  #way: DnsWay | undefined;
  #servers: readonly string[] = [];
  #tunName = '';
  #made: number | undefined;
  /** Of the file's owner, while ours stands in its place. */
  #textBefore: string | undefined;
  #onWritten: (() => void) | undefined;

  constructor(
    /** Names what is ours. */
    private readonly instance: string,
    private readonly changes: HostChanges,
    private readonly log: HostLog,
    /** Somebody may have written: call `keep`. */
    private readonly onLost: () => void,
    private readonly path = RESOLV_CONF,
  ) {}

  /** What the machine's own resolv.conf says, ours apart. */
  async ownText(): Promise<string> {
    return this.#textBefore ?? readResolvConf(this.path);
  }

  /**
   * From now on names are asked of `servers` (through `tunName`), of none: as the machine does. Where that cannot be, it
   * is said, and tried again by `keep`: a tunnel without DNS of its own is better than none.
   */
  async use(tunName: string, servers: readonly string[]): Promise<void> {
    if (tunName === this.#tunName && servers.join() === this.#servers.join()) return;
    await this.#takeBack();
    if (servers.length === 0) return;
    let kind: DnsWay['kind'] = 'file';
    try {
      this.#way = await findDnsWay(this.instance, this.path);
      ({ kind } = this.#way);
      if (this.#way.kind === 'none') return this.#sayNotSet(this.#way.why, this.#way.fix);
      [this.#tunName, this.#servers] = [tunName, servers];
      await this.#putIn(this.#way.kind);
      this.log.info({ servers, by: kind }, 'dns-set');
    } catch (error) {
      this.#sayNotSet((error as Error).message, kind === 'none' ? undefined : FIXES[kind]);
    }
  }

  /** Puts it back when somebody wrote over it. */
  async keep(): Promise<void> {
    const kind = this.#way?.kind;
    if (this.#servers.length === 0 || kind === undefined || kind === 'none') return;
    if (await this.#isInForce(kind)) return;
    await this.#putIn(kind);
    this.log.warn({ servers: this.#servers, by: kind }, 'dns-put-back');
  }

  /** Stops watching; the journal puts things back. */
  close(): void {
    if (this.#onWritten !== undefined) unwatchFile(this.path, this.#onWritten);
    this.#onWritten = undefined;
  }

  #sayNotSet(why: string, fix: string | undefined): void {
    this.log.warn({ what: 'the DNS servers of the tunnel are not used', why, fix }, 'dns-not-set');
  }

  async #takeBack(): Promise<void> {
    this.close();
    if (this.#made !== undefined) await this.changes.undo([this.#made]);
    this.#made = undefined;
    this.#textBefore = undefined;
    [this.#tunName, this.#servers] = ['', []];
  }

  async #isInForce(kind: 'resolvectl' | 'resolvconf' | 'file'): Promise<boolean> {
    switch (kind) {
      case 'file':
        return (await readResolvConf(this.path)) === resolvConfText(this.instance, this.#servers);
      case 'resolvectl': {
        const said = await runTool('resolvectl', ['dns', this.#tunName]).catch(() => '');
        return this.#servers.every((server) => said.split(/\s+/).includes(server));
      }
      case 'resolvconf':
        // It keeps what it was told of each interface itself.
        return true;
    }
  }

  async #putIn(kind: 'resolvectl' | 'resolvconf' | 'file'): Promise<void> {
    if (kind === 'file') return this.#putInFile();
    const tunName = this.#tunName;
    const set = kind === 'resolvectl' ? () => this.#tellResolved() : () => this.#tellResolvconf();
    if (this.#made !== undefined) return set();
    this.#made = await this.changes.make({ kind: 'dns', tool: kind, tunName }, set);
  }

  /** docs/RESOLVED-VPNS.md of systemd: `~.` takes every name, whatever other links want. */
  async #tellResolved(): Promise<void> {
    await runTool('resolvectl', ['dns', this.#tunName, ...this.#servers]);
    await runTool('resolvectl', ['domain', this.#tunName, '~.']);
    await runTool('resolvectl', ['default-route', this.#tunName, 'true']);
  }

  /** openresolv: before all others (-m 0), and alone (-x). Debian's resolvconf knows neither: its order is by name. */
  async #tellResolvconf(): Promise<void> {
    const input = this.#servers.map((server) => `nameserver ${server}\n`).join('');
    const isOpenresolv = (await runTool('resolvconf', ['--version']).catch(() => '')).includes('openresolv');
    const options = isOpenresolv ? ['-m', '0', '-x'] : [];
    await runTool('resolvconf', ['-a', this.#tunName, ...options], { input });
  }

  /** What stands there now, if it is not ours, is what is put back in the end. */
  async #putInFile(): Promise<void> {
    const text = await readResolvConf(this.path);
    const write = () => writeResolvConf(this.path, resolvConfText(this.instance, this.#servers));
    if (this.#made !== undefined && instanceOf(text) === this.instance) return write();
    const before = await readBefore(this.path);
    const { instance } = this;
    const earlier = this.#made;
    this.#made = await this.changes.make({ kind: 'resolv-conf', path: this.path, instance, before }, write);
    this.#textBefore = text;
    if (earlier !== undefined) this.changes.forget(earlier);
    if (this.#onWritten !== undefined) return;
    this.#onWritten = this.onLost;
    watchFile(this.path, { interval: LOOK_EVERY_MS, persistent: false }, this.#onWritten);
  }
}
