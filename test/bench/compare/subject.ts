/** What is measured: the product, a peer, or the bare link. */
import type { Process } from '../../netns/lab/process.ts';
import { attempt, waitFor } from '../../netns/lab/process.ts';
import { type Rig, WEB_ADDRESS } from '../rig.ts';

export const SUBJECTS = ['raw', 'resip', 'resip-2', 'wireguard-go', 'openvpn'] as const;
export type SubjectId = (typeof SUBJECTS)[number];

/** Of every tunnel: what is compared is the same number of packets. */
export const INNER_MTU_BYTES = 1400;

export interface SubjectFiles {
  /** For keys, state and the like; removed with the run. */
  readonly directory: string;
}

export interface Subject {
  readonly id: SubjectId;
  /** One line: version and setting. */
  readonly description: string;
  readonly rig: Rig;
  /** The server as the client reaches it through the subject. */
  readonly serverAddress: string;
  /** A host behind the server, reached through its NAT. */
  readonly webAddress: string;
  /** The daemons; empty for the bare link. */
  readonly client: readonly Process[];
  readonly server: readonly Process[];
  stop(): Promise<void>;
}

/** Why a subject takes no part: not installed, not built. */
export class NotAvailable extends Error {}

export type StartSubject = (rig: Rig, files: SubjectFiles) => Promise<Subject>;

/** Resolves once an echo comes back from both ends of the subject's world; rejects with what its daemons said. */
export async function waitForEcho(subject: Subject): Promise<void> {
  const { rig, serverAddress, webAddress, client, server } = subject;
  const daemons = [...client, ...server];
  try {
    for (const address of [serverAddress, webAddress]) {
      await waitFor(`an echo of ${address} through ${subject.id}`, async () => {
        const dead = daemons.find((daemon) => !daemon.isRunning);
        if (dead !== undefined) throw new Error(`${dead.command} has ended`);
        const ping = ['ping', '-n', '-c', '1', '-W', '1', address];
        return (await attempt(rig.client.command(ping))).code === 0;
      });
    }
  } catch (error) {
    const said = daemons.map(({ command, stdout, stderr }) =>
      `$ ${command}\n${stdout}${stderr}`.slice(-2_000),
    );
    throw new Error([(error as Error).message, ...said].join('\n'));
  }
}

/** The peers leave NAT and routes to their users: what wg-quick and OpenVPN's manual tell them to do. */
export async function masquerade(rig: Rig, network: string, clientDevice: string | null): Promise<void> {
  await rig.server.sysctl({ 'net.ipv4.ip_forward': '1' });
  const rule = ['-s', network, '-o', 'eth0', '-j', 'MASQUERADE'];
  await rig.server.run(['iptables', '-w', '-t', 'nat', '-A', 'POSTROUTING', ...rule]);
  if (clientDevice !== null) await rig.client.ip([`route add ${WEB_ADDRESS}/32 dev ${clientDevice}`]);
}

export async function stopAll(daemons: readonly Process[]): Promise<void> {
  await Promise.all(daemons.map((daemon) => daemon.stop().catch(() => undefined)));
}
