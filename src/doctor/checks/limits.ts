/** Limits of the kernel that cost packets. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileError } from '../../errors.ts';
import { readSysctl } from '../../host/sysctl.ts';
import { type Finding, findings } from '../finding.ts';
import { type Machine, mayAdministrate } from '../machine.ts';
import type { Subject } from '../subject.ts';

/** What a path's socket asks for; with CAP_NET_ADMIN it is given whatever the limit says. */
const BUFFER_BYTES = 4 << 20;
const SHORT_QUEUE = 500;
const NEARLY_FULL = 0.9;
const FEW_FILES = 1_024;
/** The events alone take 8 MB. */
const SCARCE_BYTES = 10e6;

export async function checkLimits(machine: Machine, { role, status, stateDir }: Subject): Promise<Finding[]> {
  const { ok, note, warning } = findings('limits');
  const found: Finding[] = [];
  for (const key of ['rmem_max', 'wmem_max'] as const) {
    const bytes = Number(await readSysctl(`net/core/${key}`));
    if (mayAdministrate() || !(bytes < BUFFER_BYTES)) continue;
    found.push(
      warning(`net.core.${key} is ${bytes}`, {
        why: 'bursts are lost when the sockets’ buffers are small',
        fix: `sysctl -w net.core.${key}=${BUFFER_BYTES}`,
        data: { key, bytes },
      }),
    );
  }
  const queue = machine.links.find(({ name }) => name === status?.tunName)?.txQueueLength;
  if (queue !== undefined && queue < SHORT_QUEUE)
    found.push(
      warning(`the queue of ${status?.tunName} holds ${queue} packets`, {
        why: 'bursts are lost before they are read',
        fix: `ip link set ${status?.tunName} txqueuelen 1000`,
        data: { queue },
      }),
    );
  const overflows = await receiveOverflows();
  if (overflows > 0)
    found.push(
      note(`${overflows} datagrams found a full receive buffer since this machine was started`, {
        why: 'of any program here; when the number grows, the machine is too busy',
        data: { overflows },
      }),
    );
  const tracked = role === 'server' ? await connectionTable() : undefined;
  if (tracked !== undefined && tracked.count > NEARLY_FULL * tracked.max)
    found.push(
      warning(`${tracked.count} of ${tracked.max} tracked connections are in use`, {
        why: 'the clients’ new connections are dropped when none is left',
        fix: `sysctl -w net.netfilter.nf_conntrack_max=${4 * tracked.max}`,
        data: tracked,
      }),
    );
  const files = await openFileLimit();
  if (role === 'server' && files < FEW_FILES)
    found.push(
      warning(`a process may open ${files} files`, {
        why: 'each forwarded connection is one',
        fix: 'ulimit -n 65536; in a unit, LimitNOFILE=65536',
        data: { files },
      }),
    );
  found.push(...checkDisk(stateDir));
  return found.length > 0 ? found : [ok('buffers, queues and the disk have room')];
}

/** Where keys, leases and counters go. */
function checkDisk(stateDir: string): Finding[] {
  const { fault, warning } = findings('limits');
  if (!existsSync(stateDir)) return [];
  try {
    accessSync(stateDir, constants.W_OK);
  } catch (error) {
    const { what, fix } = fileError(stateDir, 'written', error);
    return mayAdministrate() ? [fault(what, { why: (error as Error).message, fix })] : [];
  }
  const { bavail, bsize } = statfsSync(stateDir);
  if (bavail * bsize >= SCARCE_BYTES) return [];
  return [
    warning(`the disk of ${stateDir} is nearly full`, {
      why: 'new keys, leases and what the owner decides are lost with the next start',
      fix: `make room: df ${stateDir}`,
      data: { freeBytes: bavail * bsize },
    }),
  ];
}

/** UDP datagrams dropped for want of buffer, both families. */
async function receiveOverflows(): Promise<number> {
  const snmp = await readFile('/proc/net/snmp', 'utf8').catch(() => '');
  const [names = [], values = []] = snmp
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  const snmp6 = await readFile('/proc/net/snmp6', 'utf8').catch(() => '');
  const second = Number(/^Udp6RcvbufErrors\s+(\d+)$/m.exec(snmp6)?.[1] ?? 0);
  return Number(values[names.indexOf('RcvbufErrors')] ?? 0) + second;
}

async function connectionTable(): Promise<{ count: number; max: number } | undefined> {
  const count = await readSysctl('net/netfilter/nf_conntrack_count');
  const max = await readSysctl('net/netfilter/nf_conntrack_max');
  return count === null || max === null ? undefined : { count: Number(count), max: Number(max) };
}

async function openFileLimit(): Promise<number> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files\s+(\S+)/m.exec(text)?.[1] ?? 'unlimited';
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
