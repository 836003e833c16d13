/**
 * Three TUN devices of this network namespace, which is this process's own:
 *
 *   packets ── write ──▶ feed ── kernel forwards ──▶ out ── read ──▶ the packet path ── write ──▶ sink (the kernel drops)
 */
import { loadNative } from '../../../src/native/native.ts';
import { PacketBatch, Verdict } from '../../../src/proto/packet-batch.ts';
import { LinuxTun } from '../../../src/tun/linux-tun.ts';
import { run } from '../../netns/lab/process.ts';

export interface Devices {
  readonly feed: LinuxTun;
  readonly out: LinuxTun;
  readonly sink: LinuxTun;
}

export async function openDevices(): Promise<Devices> {
  const native = loadNative();
  const open = (name: string) => new LinuxTun(native, { name });
  const devices = { feed: open('feed'), out: open('out'), sink: open('sink') };
  const settings = {
    'net.ipv4.ip_forward': '1',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
    'net.ipv6.conf.all.disable_ipv6': '1',
  };
  const words = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  for (const name of ['feed', 'out', 'sink']) words.push(`net.ipv4.conf.${name}.rp_filter=0`);
  await run(['sysctl', '-q', '-w', ...words]);
  const lines = [
    'link set lo up',
    ...['feed', 'out', 'sink'].map((name) => `link set ${name} up mtu 1500 txqueuelen 2000`),
    'route add 10.2.0.0/24 dev out',
    'rule add iif sink blackhole pref 10',
  ];
  await run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  return devices;
}

const single = new PacketBatch({ capacity: 8, arenaBytes: 4096 });

/** Queues the packets of `batch` in `out`; `isJoined`: as super-packets, else one by one. */
export function feedAll({ feed }: Devices, batch: PacketBatch, isJoined: boolean): void {
  if (isJoined) {
    feed.write(batch);
    return;
  }
  for (let row = 0; row < batch.count; row++) {
    single.clear();
    single.append(batch.length[row]);
    const start = batch.offset[row];
    single.arena.set(batch.arena.subarray(start, start + batch.length[row]), single.offset[0]);
    single.flags[0] = batch.flags[row];
    single.verdict[0] = Verdict.DELIVER;
    feed.write(single);
  }
}
