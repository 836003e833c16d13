/** The routers' namespace, and what stands behind it. */
import { NAT_TABLE, QUEUE_PACKETS } from './access-link.ts';
import type { Namespace } from './namespace.ts';
import { SERVER_ADDRESS, SERVER_ADDRESS6, WEB_ADDRESS, WEB_ADDRESS6 } from './plan.ts';
import { run } from './process.ts';

/** The routers' namespace with the server and the web host behind it. */
export async function connectCore(net: Namespace, server: Namespace, web: Namespace): Promise<void> {
  await net.sysctl({
    'net.ipv4.ip_forward': '1',
    'net.ipv6.conf.all.forwarding': '1',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.ipv4.conf.default.rp_filter': '0',
    // A router's second address outlives its first.
    'net.ipv4.conf.all.promote_secondaries': '1',
  });
  await connectHost(net, 'srv', server, SERVER_ADDRESS, SERVER_ADDRESS6);
  await connectHost(net, 'web', web, WEB_ADDRESS, WEB_ADDRESS6);
  await net.run(['nft', '-f', '-'], { input: NAT_TABLE });
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
