/**
 * A Debian machine of its own for set-up and packages: network and file system are apart from this machine's. What is written to /etc,
 * /usr and /var stays in memory and is gone in the end; no service manager runs in it.
 */
import { attempt, type Finished, Process, run, waitFor } from './lab/process.ts';

const MOUNTS = `
set -e
mount -t tmpfs scratch /mnt
for name in etc usr var; do
  mkdir /mnt/$name /mnt/$name.work
  mount -t overlay $name -o lowerdir=/$name,upperdir=/mnt/$name,workdir=/mnt/$name.work /$name
done
# As a new machine has it: whatever this one has of the product is not there, and nothing that comes and goes with other labs.
rm -rf /etc/resip-vpn /var/lib/resip-vpn
mkdir -p /etc/netns
mount -t tmpfs netns /etc/netns
mount -t tmpfs -o dev run /run
# As udev leaves it.
mknod -m 666 /run/tun c 10 200
mount --bind /run/tun /dev/net/tun
ip link set lo up
echo raised
exec cat`;

export class Machine {
  private constructor(private readonly holder: Process) {}

  static async raise(): Promise<Machine> {
    const holder = new Process(['unshare', '--mount', '--net', 'bash', '-c', MOUNTS], { stdin: true });
    const machine = new Machine(holder);
    await waitFor('a machine', () => {
      if (!holder.isRunning) throw new Error(holder.stderr);
      return holder.stdout.includes('raised');
    });
    return machine;
  }

  get pid(): number {
    return this.holder.child.pid ?? 0;
  }

  command(argv: readonly string[]): string[] {
    return ['nsenter', '--target', String(this.pid), '--mount', '--net', '--wd=/', ...argv];
  }

  run(argv: readonly string[], options: { readonly input?: string } = {}): Promise<string> {
    return run(this.command(argv), options);
  }

  attempt(argv: readonly string[], options: { readonly input?: string } = {}): Promise<Finished> {
    return attempt(this.command(argv), options);
  }

  /** A line of shell, as somebody types it. */
  type(line: string): Promise<string> {
    return this.run(['bash', '-c', line]);
  }

  start(argv: readonly string[]): Process {
    return new Process(this.command(argv));
  }

  /** Its programs have to be stopped before. */
  async remove(): Promise<void> {
    this.holder.child.stdin?.end();
    await this.holder.ended;
  }
}
