import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InterfaceChange } from '../../../src/host/interface-watch.ts';
import { eventually } from '../../eventually.ts';
import { type HostAgent, Namespace } from './namespace.ts';

let host: Namespace;
let peer: Namespace;
let agent: HostAgent;
let seen: InterfaceChange[];

beforeEach(async () => {
  host = new Namespace();
  peer = new Namespace();
  addUplink();
  agent = host.agent();
  seen = [];
  await agent.call('openClient', host.stateDir());
  await agent.call('watch', ['wwan0']);
});
afterEach(async () => {
  await host.remove();
  await peer.remove();
});

function addUplink(): void {
  host.run(`ip link add wwan0 type veth peer name wwan0 netns ${peer.name}`);
  peer.run('ip link set wwan0 up');
  host.run('ip link set wwan0 up');
  host.run('ip addr add 192.0.2.2/24 dev wwan0');
  host.run('ip route add default via 192.0.2.1 dev wwan0');
}

/** Waits for these changes, in this order, whatever else is reported between them. */
async function expectChanges(...wanted: Partial<InterfaceChange>[]): Promise<void> {
  await eventually(async () => {
    seen.push(...(await agent.call<InterfaceChange[]>('changes')));
    let from = 0;
    for (const change of wanted) {
      const at = seen.findIndex((other, i) => i >= from && matches(other, change));
      if (at < 0) throw new Error(`not seen: ${JSON.stringify(change)} in ${JSON.stringify(seen)}`);
      from = at + 1;
    }
  });
  seen = [];
}

function matches(change: InterfaceChange, wanted: Partial<InterfaceChange>): boolean {
  return Object.entries(wanted).every(([key, value]) => change[key as keyof InterfaceChange] === value);
}

test('an interface that goes down and comes up', async () => {
  host.run('ip link set wwan0 down');
  await expectChanges({ kind: 'down', interfaceName: 'wwan0' });
  host.run('ip link set wwan0 up');
  await expectChanges({ kind: 'up', interfaceName: 'wwan0' });
});

test('a carrier that is lost and found at the other end', async () => {
  peer.run('ip link set wwan0 down');
  await expectChanges({ kind: 'down' });
  peer.run('ip link set wwan0 up');
  await expectChanges({ kind: 'up' });
});

test('an address that is exchanged', async () => {
  host.run('ip addr del 192.0.2.2/24 dev wwan0');
  await expectChanges({ kind: 'address-removed', family: 4, address: '192.0.2.2' });
  host.run('ip addr add 192.0.2.7/24 dev wwan0');
  await expectChanges({ kind: 'address-added', family: 4, address: '192.0.2.7' });
});

test('a default route that gets another gateway and goes', async () => {
  host.run('ip route replace default via 192.0.2.9 dev wwan0');
  await expectChanges({ kind: 'default-route', family: 4, present: true, gateway: '192.0.2.9' });
  host.run('ip route del default');
  await expectChanges({ kind: 'default-route', family: 4, present: false, gateway: null });
});

test('a modem that is pulled out and put back', async () => {
  host.run('ip link del wwan0');
  await expectChanges({ kind: 'gone', interfaceName: 'wwan0' });
  addUplink();
  await expectChanges(
    { kind: 'appeared', interfaceName: 'wwan0' },
    { kind: 'address-added', address: '192.0.2.2' },
    { kind: 'default-route', gateway: '192.0.2.1' },
  );
});

test('other interfaces are not reported', async () => {
  host.run('ip link add other0 type veth peer name other1');
  host.run('ip addr add 198.51.100.2/24 dev other0');
  host.run('ip addr add 192.0.2.8/24 dev wwan0');
  await eventually(async () => {
    seen.push(...(await agent.call<InterfaceChange[]>('changes')));
    expect(seen).toContainEqual(expect.objectContaining({ kind: 'address-added', address: '192.0.2.8' }));
  });
  expect(seen.filter((change) => change.interfaceName !== 'wwan0')).toEqual([]);
});

/** The `ip monitor` below an agent, by way of its script. */
function monitorOf(parent: number): number {
  const children = (pid: number) => {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  };
  const isMonitor = (pid: number) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('ip\0-o\0monitor');
  const found = children(parent).flatMap(children).find(isMonitor);
  if (found === undefined) throw new Error(`process ${parent} has no monitor`);
  return found;
}

test('a monitor that is killed is started again', async () => {
  const first = monitorOf(agent.pid);
  process.kill(first, 'SIGKILL');
  await eventually(() => expect(monitorOf(agent.pid)).not.toBe(first));
  host.run('ip addr add 192.0.2.8/24 dev wwan0');
  await expectChanges({ kind: 'address-added', address: '192.0.2.8' });
});

test('the monitor ends with its daemon, even one that is killed', async () => {
  const monitor = monitorOf(agent.pid);
  await agent.kill();
  await eventually(() => expect(existsSync(`/proc/${monitor}`)).toBe(false));
});

test('more notifications than the socket holds are survived', async () => {
  const batch = join(host.stateDir(), 'batch');
  const prefixes = Array.from({ length: 4_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const lines = prefixes.flatMap((prefix) => [
    `route add ${prefix} dev wwan0`,
    `route del ${prefix} dev wwan0`,
  ]);
  writeFileSync(batch, lines.join('\n'));
  await agent.call('runBlocking', 'ip', ['-batch', batch]);
  host.run('ip addr add 192.0.2.8/24 dev wwan0');
  await expectChanges({ kind: 'address-added', address: '192.0.2.8' });
});
