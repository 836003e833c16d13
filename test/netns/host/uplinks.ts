/**
 * A client with two uplinks and a server behind both.
 *
 *   client                       far
 *   wifi 192.0.2.2/24    ------  192.0.2.1      203.0.113.1 and 2001:db8:ff::1 on lo
 *   lte  198.51.100.2/24 ------  198.51.100.1
 *
 * The main table's default goes through wifi. That of lte stands in table 50, for its own source address, as a
 * network manager with policy routing leaves it.
 */
import { Namespace } from './namespace.ts';

export const SERVER = '203.0.113.1';
export const SERVER6 = '2001:db8:ff::1';

export class Uplinks {
  readonly client = new Namespace();
  readonly far = new Namespace();

  constructor() {
    this.#connect('wifi', '192.0.2', '2001:db8:1');
    this.#connect('lte', '198.51.100', '2001:db8:2');
    // Answer for addresses of the asked interface alone: the server is behind the gateways, not on the links.
    this.far.run('sysctl -qw net.ipv4.conf.all.arp_ignore=1');
    this.far.run(`ip addr add ${SERVER}/32 dev lo`);
    this.far.run(`ip -6 addr add ${SERVER6}/128 dev lo`);
    this.client.run('ip route add default via 192.0.2.1 dev wifi metric 100');
    this.client.run('ip -6 route add default via 2001:db8:1::1 dev wifi');
    this.client.run('ip route add default via 198.51.100.1 dev lte table 50');
    this.client.run('ip rule add from 198.51.100.2 lookup 50 priority 1000');
    this.client.run('ip rule add not fwmark 0xca6c lookup 51820');
    this.addTun('tun7');
  }

  /** Switched on once: the queue that the kernel gives it then stays, and is no difference later. */
  addTun(name: string): void {
    this.client.run(`ip tuntap add ${name} mode tun`);
    this.client.run(`ip link set ${name} addrgenmode none`);
    this.client.run(`ip link set ${name} up`);
    this.client.run(`ip link set ${name} down`);
  }

  async remove(): Promise<void> {
    await this.client.remove();
    await this.far.remove();
  }

  #connect(name: string, net4: string, net6: string): void {
    this.client.run(`ip link add ${name} type veth peer name ${name} netns ${this.far.name}`);
    for (const [side, host] of [
      [this.client, 2],
      [this.far, 1],
    ] as const) {
      side.run(`ip addr add ${net4}.${host}/24 dev ${name}`);
      side.run(`ip -6 addr add ${net6}::${host}/64 dev ${name}`);
    }
    for (const side of [this.client, this.far]) side.run(`ip link set ${name} up`);
  }
}

export const ASSIGNMENT = {
  address: '10.77.0.5',
  prefixLength: 16,
  serverAddress: '10.77.0.1',
  mtuBytes: 1_380,
  dns: [],
  leaseSeconds: 345_600,
};
