/**
 * One access link as it lives: the client's interface, and the router behind it. It is pulled out and comes back, gets
 * another address or gateway, is switched off, and its NAT starts anew. Each method returns when the kernel has it.
 */
import type { Namespace } from './namespace.ts';
import type { LinkPlan } from './plan.ts';
import type { Shaper } from './shaper.ts';

/** A burst of segmented super-packets fits: the lab itself must not lose. */
export const QUEUE_PACKETS = 10_000;
/** Outside ports of one life of a NAT; a restart moves on to the next of `NAT_LIVES` ranges. */
const NAT_PORTS = 500;
const NAT_FIRST_PORT = 20_000;
const NAT_LIVES = 64;

export class AccessLink {
  #plan: LinkPlan;
  /** Lives of the NAT: in each, what it knew before is forgotten. */
  #natLife = 0;

  private constructor(
    private readonly shaper: Shaper,
    private readonly client: Namespace,
    private readonly net: Namespace,
    plan: LinkPlan,
    /** Unique in the lab. */
    private readonly number: number,
  ) {
    this.#plan = plan;
  }

  /** Interface, router, addresses, routes, and NAT to the public address, which ends at the routers. */
  static async connect(
    shaper: Shaper,
    client: Namespace,
    net: Namespace,
    plan: LinkPlan,
    number: number,
  ): Promise<AccessLink> {
    const link = new AccessLink(shaper, client, net, plan, number);
    const far = { namespace: net, device: plan.name, mac: plan.macs[1] };
    await shaper.connect(plan.name, link.#near, far);
    await net.ip([
      `link set ${plan.name} up txqueuelen ${QUEUE_PACKETS}`,
      `addr add ${plan.publicAddress}/32 dev lo`,
    ]);
    await link.#routerUp();
    await link.#clientUp();
    await net.run(['nft', '-f', '-'], { input: natChains(plan) });
    await link.#nat();
    return link;
  }

  /** As it is now: address and gateway change. */
  get plan(): LinkPlan {
    return this.#plan;
  }

  /** The modem is pulled out: interface, addresses and routes are gone. */
  async unplug(): Promise<void> {
    await this.shaper.unplug(this.#plan.name);
  }

  /** The modem is back under the same name, another device for the kernel. */
  async plug(): Promise<void> {
    await this.shaper.plug(this.#plan.name, this.#near);
    await this.#clientUp();
  }

  /** Airplane mode: the interface stays, without routes. */
  async switchOff(): Promise<void> {
    await this.client.ip([`link set ${this.#plan.interfaceName} down`]);
  }

  async switchOn(): Promise<void> {
    await this.#clientUp();
  }

  /** The router's end goes down: the client's interface is not told. */
  async switchRouterOff(): Promise<void> {
    await this.net.ip([`link set ${this.#plan.name} down`]);
  }

  async switchRouterOn(): Promise<void> {
    await this.net.ip([`link set ${this.#plan.name} up`]);
    await this.#routerUp();
  }

  /** DHCP gives the client another address: the old one is gone before the new one is there. Switches on, too. */
  async renumber(): Promise<void> {
    const { interfaceName, address, address6 } = this.#plan;
    this.#plan = { ...this.#plan, address: next(address), address6: next(address6) };
    await this.#routerUp();
    await this.client.ip([`addr flush dev ${interfaceName} scope global`, ...this.#clientLines()]);
  }

  /** DHCP gives the client another gateway; the old one answers no more. */
  async regateway(): Promise<void> {
    const { name, gateway, gateway6, prefixLength } = this.#plan;
    this.#plan = { ...this.#plan, gateway: next(gateway), gateway6: next(gateway6) };
    await this.#routerUp();
    await this.client.ip(this.#clientLines());
    await this.net.ip([
      `addr del ${gateway}/${prefixLength} dev ${name}`,
      `addr del ${gateway6}/64 dev ${name}`,
    ]);
  }

  /** The NAT forgets every mapping; new ones have other ports outside. */
  async restartNat(): Promise<void> {
    this.#natLife += 1;
    await this.#nat();
  }

  get #near() {
    return { namespace: this.client, device: this.#plan.interfaceName, mac: this.#plan.macs[0] };
  }

  /** In one go: neighbours before the routes, so that nothing is ever asked for. */
  async #clientUp(): Promise<void> {
    await this.client.ip(this.#clientLines());
  }

  #clientLines(): string[] {
    const { interfaceName, address, address6, prefixLength, gateway, gateway6, macs, metric } = this.#plan;
    return [
      `link set ${interfaceName} up txqueuelen ${QUEUE_PACKETS}`,
      `addr replace ${address}/${prefixLength} dev ${interfaceName}`,
      `addr replace ${address6}/64 dev ${interfaceName} nodad`,
      ...neighbours(interfaceName, [gateway, gateway6], macs[1]),
      `route replace default via ${gateway} dev ${interfaceName} metric ${metric}`,
      `route replace ::/0 via ${gateway6} dev ${interfaceName} metric ${metric}`,
    ];
  }

  async #routerUp(): Promise<void> {
    const { name, address, address6, prefixLength, gateway, gateway6, macs } = this.#plan;
    await this.net.ip([
      `addr replace ${gateway}/${prefixLength} dev ${name}`,
      `addr replace ${gateway6}/64 dev ${name} nodad`,
      ...neighbours(name, [address, address6], macs[0]),
    ]);
  }

  /**
   * Each life is a connection-tracking zone of its own: what an earlier one knew is out of reach. The first keeps the
   * client's ports, as home routers do.
   */
  async #nat(): Promise<void> {
    const { name, publicAddress } = this.#plan;
    const life = this.#natLife % NAT_LIVES;
    const zone = this.number * NAT_LIVES + life + 1;
    const from = NAT_FIRST_PORT + life * NAT_PORTS;
    const ports = life === 0 ? '' : `:${from}-${from + NAT_PORTS - 1} fully-random`;
    const out = `iifname "${name}" oifname { "srv", "web" }`;
    await this.net.run(['nft', '-f', '-'], {
      input: [
        `flush chain ip lab zone-${name}`,
        `flush chain ip lab nat-${name}`,
        `add rule ip lab zone-${name} iifname "${name}" ct zone set ${zone}`,
        `add rule ip lab zone-${name} ip daddr ${publicAddress} ct zone set ${zone}`,
        `add rule ip lab nat-${name} ${out} meta l4proto { tcp, udp } snat to ${publicAddress}${ports}`,
        `add rule ip lab nat-${name} ${out} snat to ${publicAddress}`,
        '',
      ].join('\n'),
    });
  }
}

/** The table of all NATs, before any link. What no NAT knows is dropped in silence. */
export const NAT_TABLE = `
add table ip lab
add chain ip lab zones { type filter hook prerouting priority raw; }
add chain ip lab nat { type nat hook postrouting priority srcnat; }
add chain ip lab input { type filter hook input priority filter; }
add rule ip lab input ip daddr 198.51.100.0/24 drop
`;

function natChains({ name }: LinkPlan): string {
  return [
    `add chain ip lab zone-${name}`,
    `add chain ip lab nat-${name}`,
    `add rule ip lab zones jump zone-${name}`,
    `add rule ip lab nat jump nat-${name}`,
    '',
  ].join('\n');
}

function neighbours(device: string, addresses: readonly string[], mac: string): string[] {
  return addresses.map((address) => `neigh replace ${address} lladdr ${mac} dev ${device} nud permanent`);
}

/** The address with its last number one higher: `10.40.1.23` → `10.40.1.24`, `…::23` → `…::24`. */
function next(address: string): string {
  return address.replace(/\d+$/, (digits) => String(Number(digits) + 1));
}
