/** What copies cost: bytes on the wire beside what the packets of one client need there. */
import { HEADROOM_BYTES, TAG_BYTES } from '../../../src/proto/packet-batch.ts';
import type { EventQueue } from '../clock.ts';
import type { ClientHost } from '../host/client-host.ts';
import type { Host } from '../host/host.ts';
import type { ServerHost } from '../host/server-host.ts';
import type { SurplusLimit } from '../scenario.ts';
import { associationsOf } from './step.ts';
import { Violation } from './violation.ts';

interface Count {
  /** Datagrams on all paths, and what the packets in them would take once each. */
  readonly outerBytes: number;
  readonly neededBytes: number;
}

export function watchSurplus(
  queue: EventQueue,
  server: ServerHost,
  client: ClientHost,
  { fromMs, toMs, atMost }: SurplusLimit,
): void {
  queue.at(fromMs, () => {
    const before = [server, client].map((host) => count(host, client.name));
    queue.at(toMs, () => {
      const after = [server, client].map((host) => count(host, client.name));
      const total = (key: keyof Count) => after.reduce((sum, now, i) => sum + now[key] - before[i][key], 0);
      const surplus = total('outerBytes') / total('neededBytes') - 1;
      if (surplus <= atMost) return;
      throw new Violation(
        'surplus',
        `${(100 * surplus).toFixed(1)} % more than ${client.name} needs, ${fromMs} to ${toMs} ms`,
      );
    });
  });
}

function count({ core }: Host, name: string): Count {
  let outerBytes = 0;
  let neededBytes = 0;
  for (const association of core === null ? [] : associationsOf(core)) {
    if (core?.['context'].isServer && association.name !== name) continue;
    for (const path of association.paths) outerBytes += path?.row.sentBytes ?? 0;
    const { sentPackets, sentBytes } = association.sender;
    neededBytes += sentBytes + sentPackets * (HEADROOM_BYTES + TAG_BYTES);
  }
  return { outerBytes, neededBytes };
}
