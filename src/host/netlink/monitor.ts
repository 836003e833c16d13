/**
 * Tells that the kernel's network or firewall has changed. What it is now, the listener asks the kernel.
 *
 * The listening is done by `ip monitor` in a process of its own, not by the netlink package: a notification socket
 * that overflows (some 200 messages while this thread is busy: a container host starting) raises POLLERR, on which
 * the package's binding terminates the process. A pipe that fills up just waits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../../package-root.ts';
import type { HostLog } from '../host-log.ts';

const SCRIPT = fileURLToPath(new URL('scripts/monitor.sh', PACKAGE_ROOT));
/** Pause before a monitor that ended is started again; without any, the listener still looks so often. */
const RESTART_MS = 1_000;

/** Messages carry no state on purpose: a listener that looks for itself cannot drift from the kernel. */
export class NetlinkMonitor {
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isClosed = false;
  #failures = 0;

  constructor(
    /** Runs once per batch of notifications; not debounced. */
    private readonly onChange: () => void,
    private readonly log: HostLog,
    /** `network`: links, addresses, routes, rules. `firewall`: deleted tables of nftables. */
    private readonly subject: 'network' | 'firewall' = 'network',
  ) {}

  /** Resolves when changes are heard, or when the monitor cannot run: then `onChange` comes once per second. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#spawn(resolve));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    this.#child?.stdin?.destroy();
    this.#child?.stdout?.destroy();
  }

  #spawn(onReady: () => void): void {
    // A session of its own: Ctrl-C is for the daemon, and the monitor ends with it.
    const child = spawn('bash', [SCRIPT, this.subject], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child = child;
    let complaint = '';
    child.stdin.on('error', () => {});
    child.stdout.on('data', () => {
      onReady();
      this.#failures = 0;
      if (!this.#isClosed) this.onChange();
    });
    child.stderr.on('data', (text: Buffer) => {
      complaint = text.toString().trim();
    });
    let hasEnded = false;
    const end = (reason: string) => {
      if (hasEnded) return;
      hasEnded = true;
      this.#ended(complaint || reason);
      onReady();
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(`ended with ${signal ?? code}`));
  }

  #ended(reason: string): void {
    if (this.#isClosed) return;
    if (this.#failures++ === 0) this.log.warn({ subject: this.subject, reason }, 'monitor-ended');
    this.onChange();
    this.#restart = setTimeout(() => this.#spawn(() => {}), RESTART_MS);
    this.#restart.unref();
  }
}
