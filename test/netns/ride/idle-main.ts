/**
 * `npm run idle`: what an idle tunnel costs on each link, counted by the kernel on the client's interfaces for ten minutes, or
 * for as long as `--seconds` says.
 */
import Table from 'cli-table3';
import type { Lab } from '../lab/lab.ts';
import { pause } from '../lab/process.ts';
import { Vpn } from '../lab/vpn.ts';
import { readNumber, say, withLab } from './options.ts';
import { raiseOutageLab } from './outage.ts';

const MAX_BYTES_PER_DAY = 1_000_000;
const DAY_S = 86_400;
const ETHERNET_HEADER_BYTES = 14;
/** Until path MTUs are found and the eager probing of new paths is over. */
const SETTLE_S = 20;

interface Count {
  readonly packets: number;
  /** From the IP header on. */
  readonly bytes: number;
}

async function countOf(lab: Lab, interfaceName: string): Promise<Count> {
  const [link] = JSON.parse(
    await lab.client.namespace.run(['ip', '-j', '-s', 'link', 'show', 'dev', interfaceName]),
  );
  const { rx, tx } = link.stats64;
  const packets = rx.packets + tx.packets;
  return { packets, bytes: rx.bytes + tx.bytes - packets * ETHERNET_HEADER_BYTES };
}

const seconds = readNumber('seconds', 600);
if (seconds !== null) {
  await withLab(raiseOutageLab, async (lab) => {
    // The NATs remember as long as real ones do.
    await lab.setNatMemory(120);
    const { client } = await new Vpn(lab).startPair();
    say(`two paths are up; idle for ${SETTLE_S} s, then counted for ${seconds} s …`);
    await pause(SETTLE_S * 1000);
    const names = lab.client.links.map(({ interfaceName }) => interfaceName);
    const before = await Promise.all(names.map((name) => countOf(lab, name)));
    const { sentPackets, receivedPackets } = await client.peer();
    for (let gone = 0; gone < seconds; gone += 60) {
      await pause(Math.min(60, seconds - gone) * 1000);
      const now = await Promise.all(names.map((name) => countOf(lab, name)));
      say(
        `${gone + Math.min(60, seconds - gone)} s: ${now.map(({ bytes }, index) => `${names[index]} ${bytes - before[index].bytes} bytes`).join(', ')}`,
      );
    }
    const after = await Promise.all(names.map((name) => countOf(lab, name)));
    const table = new Table({ head: ['', 'packets', 'bytes', 'a day'], style: { head: [], border: [] } });
    for (const [index, name] of names.entries()) {
      const packets = after[index].packets - before[index].packets;
      const bytes = after[index].bytes - before[index].bytes;
      const perDay = (bytes / seconds) * DAY_S;
      table.push([name, packets, bytes, `${(perDay / 1e6).toFixed(2)} MB`]);
      if (perDay > MAX_BYTES_PER_DAY) process.exitCode = 1;
    }
    const peer = await client.peer();
    say(table.toString());
    say(
      `Both directions, with IP and UDP headers and whatever else the kernel sends there. Inside the tunnel went ` +
        `${peer.sentPackets - sentPackets} packets and came ${peer.receivedPackets - receivedPackets}.`,
    );
    say(`Asked for: under ${MAX_BYTES_PER_DAY / 1e6} MB a day and path.`);
  });
}
