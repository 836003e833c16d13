/** Devices, addresses, routes and NAT of the lab. */
import type { Namespace } from './namespace.ts';
import { type LinkPlan, SERVER_ADDRESS, SERVER_ADDRESS6, WEB_ADDRESS, WEB_ADDRESS6 } from './plan.ts';
import { run } from './process.ts';
import type { Shaper } from './shaper.ts';

/** A burst of segmented super-packets fits: the lab itself must not lose. */
export const QUEUE_PACKETS = 10_000;

/** The routers' namespace with the server and the web host behind it. */
export async function connectCore(net: Namespace, server: Namespace, web: Namespace): Promise<void> {
  await net.sysctl({
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
  });
  await connectHost(net, 'srv', server, SERVER_ADDRESS, SERVER_ADDRESS6);
  await connectHost(net, 'web', web, WEB_ADDRESS, WEB_ADDRESS6);
  await net.run(['nft', '-f', '-'], {
    input: 'add table ip lab\nadd chain ip lab nat { type nat hook postrouting priority srcnat; }\n',
  });
}

async function connectHost(
  net: Namespace,
  device: string,
  host: Namespace,
  address: string,
  address6: string,
): Promise<void> {
  const gateway = address.replace(/\d+$/, '1');
  const gateway6 = address6.replace(/[^:]+$/, '1');
  // The machine's default may be BBR, which hides loss; a namespace may not choose another as its default.
  const congestionControl = 'congctl cubic';
  await net.ip([
    `link add ${device} type veth peer name eth0 netns ${host.name}`,
    `link set ${device} up txqueuelen ${QUEUE_PACKETS}`,
    `addr add ${gateway}/24 dev ${device}`,
    `addr add ${gateway6}/64 dev ${device} nodad`,
  ]);
  await host.ip([
    `link set eth0 up txqueuelen ${QUEUE_PACKETS}`,
    `addr add ${address}/24 dev eth0`,
    `addr add ${address6}/64 dev eth0 nodad`,
    `route add default via ${gateway} ${congestionControl}`,
    `route add ::/0 via ${gateway6} ${congestionControl}`,
  ]);
}

/** The client's interface and its router's, joined by the shaper. */
export async function connectLink(
  shaper: Shaper,
  client: Namespace,
  net: Namespace,
  link: LinkPlan,
): Promise<void> {
  const [nearMac, farMac] = link.macs;
  await shaper.connect(
    link.name,
    { namespace: client, device: link.interfaceName, mac: nearMac },
    { namespace: net, device: link.name, mac: farMac },
  );
  await bringUp(client, link.interfaceName, link.address, link.address6, link.prefixLength);
  await bringUp(net, link.name, link.gateway, link.gateway6, link.prefixLength);
  await client.ip([
    ...neighbours(link.interfaceName, [link.gateway, link.gateway6], farMac),
    `route add default via ${link.gateway} dev ${link.interfaceName} metric ${link.metric}`,
    `route add ::/0 via ${link.gateway6} dev ${link.interfaceName} metric ${link.metric}`,
  ]);
  await net.ip(neighbours(link.name, [link.address, link.address6], nearMac));
}

async function bringUp(
  namespace: Namespace,
  device: string,
  address: string,
  address6: string,
  prefixLength: number,
): Promise<void> {
  await namespace.ip([
    `link set ${device} up txqueuelen ${QUEUE_PACKETS}`,
    `addr add ${address}/${prefixLength} dev ${device}`,
    `addr add ${address6}/64 dev ${device} nodad`,
  ]);
}

function neighbours(device: string, addresses: readonly string[], mac: string): string[] {
  return addresses.map((address) => `neigh replace ${address} lladdr ${mac} dev ${device} nud permanent`);
}

/** NAT of each link to its public address, which ends at the routers. */
export async function routeThroughNet(net: Namespace, links: readonly LinkPlan[]): Promise<void> {
  await net.ip(links.map((link) => `addr add ${link.publicAddress}/32 dev lo`));
  const rules = links.map(
    (link) =>
      `add rule ip lab nat ip saddr ${link.address} oifname { "srv", "web" } snat to ${link.publicAddress}`,
  );
  await net.run(['nft', '-f', '-'], { input: `${rules.join('\n')}\n` });
}

/** Moves `device` from one namespace to its place in another, under its final name. */
export async function moveDevice(
  from: Namespace,
  device: string,
  to: Namespace,
  name: string,
  mac: string,
): Promise<void> {
  await run(['ip', '-n', from.name, 'link', 'set', device, 'netns', to.name, 'name', name, 'address', mac]);
}
