/** What a server needs besides: its ports, a way out for its clients, a firewall that lets both pass. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ServerConfig } from '../../config/server-config.ts';
import { formatEndpoint } from '../../config/units.ts';
import { firewallObstacles } from '../../host/firewall-obstacles.ts';
import { bestDefaultRoute } from '../../host/host-state.ts';
import { readSysctl } from '../../host/sysctl.ts';
import { type Finding, findings } from '../finding.ts';
import type { Machine } from '../machine.ts';
import type { Subject } from '../subject.ts';

export async function checkPorts({ server, status }: Subject): Promise<Finding[]> {
  const { ok, fault } = findings('ports');
  if (server === undefined) return [];
  const names = server.listen.map(formatEndpoint).join(', ');
  if (status !== undefined) return [ok(`listens on ${names}`)];
  const found: Finding[] = [];
  for (const endpoint of server.listen) {
    const code = await bindOnce(endpoint);
    if (code === undefined) continue;
    const name = formatEndpoint(endpoint);
    const isTaken = code === 'EADDRINUSE';
    found.push(
      fault(
        isTaken ? `another program listens on UDP ${name}` : `nothing can listen on UDP ${name}: ${code}`,
        {
          fix: isTaken
            ? `see: ss -ulnp; choose another port with --listen ADDR:PORT`
            : 'correct --listen ADDR:PORT',
          data: { listen: name, code },
        },
      ),
    );
  }
  return found.length > 0 ? found : [ok(`UDP ${names} is free`)];
}

export async function checkWayOut(machine: Machine, { server, status }: Subject): Promise<Finding[]> {
  const { ok, note, fault } = findings('way-out');
  if (server === undefined) return [];
  if (server.nat.kind === 'off')
    return [
      note('the clients’ addresses leave as they are', {
        why: 'without NAT others must know the way back to the pool',
      }),
    ];
  const route = bestDefaultRoute(machine, 4);
  const name =
    server.nat.kind === 'interface'
      ? server.nat.name
      : machine.links.find(({ index }) => index === route?.linkIndex)?.name;
  if (name === undefined)
    return [
      fault('there is no way out for the clients', {
        why: 'this machine has no default route',
        fix: 'name an interface with --nat IFACE, or leave the addresses alone with --no-nat',
      }),
    ];
  if (status !== undefined && (await readSysctl('net/ipv4/ip_forward')) !== '1')
    return [
      fault('this machine forwards no packets', {
        why: 'somebody has switched it off since the server was started',
        fix: 'sysctl -w net.ipv4.ip_forward=1',
      }),
    ];
  return [ok(`clients leave over ${name}`, { data: { interface: name } })];
}

export async function checkFirewall({ server, status }: Subject): Promise<Finding[]> {
  const { ok, fault } = findings('firewall');
  if (server === undefined) return [];
  const obstacles = await firewallObstacles(trafficOf(server, status?.tunName ?? server.tunName));
  if (obstacles.length === 0) return [ok('no firewall rule seems to keep clients out')];
  return obstacles.map(({ what, why, fix }) => fault(what, { why, fix }));
}

function trafficOf({ listen, nat }: ServerConfig, tunName: string) {
  return { tunName, ports: [...new Set(listen.map(({ port }) => port))], forwards: nat.kind !== 'off' };
}

/** The error's code, undefined when all is well. */
function bindOnce({ host, port }: { host: string; port: number }): Promise<string | undefined> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  return new Promise((resolve) => {
    socket.once('error', ({ message, ...error }) =>
      resolve((error as NodeJS.ErrnoException).code ?? message),
    );
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}
