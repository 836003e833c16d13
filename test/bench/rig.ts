/**
 * The rig: where one subject is measured. Each subject has three namespaces of its own, all built by this one function, so
 * that no subject's firewall, routes or sockets touch another's; all rigs stand for the whole run.
 *
 *   client                            server                                web
 *    wan1 10.80.1.2 ──veth── 10.80.1.1 up1 ┐
 *                                          ├ lo 10.80.0.1    10.80.9.1 eth0 ──veth── eth0 10.80.9.2
 *    wan2 10.80.2.2 ──veth── 10.80.2.1 up2 ┘
 *
 * The client has a default route over each link; the server's endpoint is the address on its loopback, reachable over
 * both. TCP forgets what it learnt about a destination. Nothing of it is in the machine's own namespace.
 */
import { Namespace, newTag } from '../netns/lab/namespace.ts';
import { run } from '../netns/lab/process.ts';

export const SERVER_ENDPOINT = '10.80.0.1';
export const WEB_ADDRESS = '10.80.9.2';
export const LINKS = ['wan1', 'wan2'] as const;
/** The server's interface towards the web. */
export const SERVER_WAN = 'eth0';

/** `offload`: veth as it comes. `plain`: no GRO, GSO, TSO nor UDP segmentation between client and server. */
export const VARIANTS = ['offload', 'plain'] as const;
export type Variant = (typeof VARIANTS)[number];

const PLAIN_FEATURES = ['gro', 'gso', 'tso', 'tx-udp-segmentation'];

export class Rig {
  private constructor(
    readonly client: Namespace,
    readonly server: Namespace,
    readonly web: Namespace,
  ) {}

  /** Rejects, with everything taken down, when a step fails. */
  static async raise(): Promise<Rig> {
    const tag = newTag();
    const roles = ['client', 'server', 'web'];
    const [client, server, web] = await Promise.all(roles.map((role) => Namespace.create(`${tag}-${role}`)));
    const rig = new Rig(client, server, web);
    try {
      await rig.wire();
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  /** Switches the underlay's offloads off, for good: the variants run one after the other. */
  async goPlain(): Promise<void> {
    const words = PLAIN_FEATURES.flatMap((feature) => [feature, 'off']);
    for (const link of LINKS) await this.client.run(['ethtool', '-K', link, ...words]);
    for (const link of ['up1', 'up2']) await this.server.run(['ethtool', '-K', link, ...words]);
  }

  async close(): Promise<void> {
    for (const namespace of [this.client, this.server, this.web]) await namespace.remove();
  }

  private async wire(): Promise<void> {
    await connect(this.client, 'wan1', '10.80.1.2/24', this.server, 'up1', '10.80.1.1/24');
    await connect(this.client, 'wan2', '10.80.2.2/24', this.server, 'up2', '10.80.2.1/24');
    await connect(this.server, SERVER_WAN, '10.80.9.1/24', this.web, 'eth0', `${WEB_ADDRESS}/24`);
    await this.server.ip([`addr add ${SERVER_ENDPOINT}/32 dev lo`]);
    await this.client.ip([
      'route add default via 10.80.1.1 dev wan1 metric 100',
      'route add default via 10.80.2.1 dev wan2 metric 200',
    ]);
    for (const namespace of [this.client, this.server, this.web])
      await namespace.sysctl({ 'net.ipv4.tcp_no_metrics_save': '1' });
  }
}

async function connect(
  near: Namespace,
  nearName: string,
  nearAddress: string,
  far: Namespace,
  farName: string,
  farAddress: string,
): Promise<void> {
  const peer = `type veth peer name ${farName} netns ${far.name}`;
  await run(['ip', '-n', near.name, 'link', 'add', nearName, ...peer.split(' ')]);
  await near.ip([`addr add ${nearAddress} dev ${nearName}`, `link set ${nearName} up`]);
  await far.ip([`addr add ${farAddress} dev ${farName}`, `link set ${farName} up`]);
}
