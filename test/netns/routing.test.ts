/** The whole device goes through the tunnel, and afterwards the machine is as it was. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Capture } from './lab/capture.ts';
import { explainFailures } from './lab/failures.ts';
import { hostState } from './lab/host-state.ts';
import { Lab } from './lab/lab.ts';
import { SERVER_ADDRESS, SERVER_ADDRESS6, WEB_ADDRESS, WEB_ADDRESS6 } from './lab/plan.ts';
import { startPing } from './lab/traffic/ping.ts';
import { type Daemon, SERVER_PORT, Vpn } from './lab/vpn.ts';

let lab: Lab;
let vpn: Vpn;
let daemons: Daemon[] = [];
let tests = 0;

beforeAll(async () => {
  lab = await Lab.raise({
    links: [
      { kind: 'wifi', settings: { delayMs: 5 } },
      { kind: 'lte', settings: { delayMs: 15 } },
    ],
  });
  // Somebody else's rules, which have to stay.
  for (const namespace of [lab.client.namespace, lab.server]) {
    await namespace.run(['iptables', '-A', 'FORWARD', '-s', '198.18.0.0/15', '-j', 'DROP']);
    await namespace.ip(['rule add fwmark 0x77 lookup 777 priority 900', 'route add 198.18.9.0/24 dev lo']);
  }
});
afterAll(() => lab?.close());
beforeEach(() => {
  vpn = new Vpn(lab, `${tests++}-`);
});
afterEach(async () => {
  for (const daemon of daemons) await daemon.stop();
  daemons = [];
});
explainFailures(() => vpn);

/** A server and a client that are gone after the test. */
async function startPair(words: readonly string[] = []) {
  const { server, client } = await vpn.startPair({ client: words });
  daemons = [client, server];
  return { server, client };
}

const addressSeenBy = async (host: string) =>
  (await lab.client.namespace.run(['curl', '-sg', '-m', '10', `http://${host}/`])).trim();
const bothStates = async () => ({
  client: await hostState(lab.client.namespace),
  server: await hostState(lab.server),
});

describe('full-device routing', () => {
  it("shows the server's address to the internet, and only tunnel datagrams on the links", async () => {
    expect(await addressSeenBy(WEB_ADDRESS)).toBe(lab.client.links[0].publicAddress);
    await startPair();
    const leaks = await Promise.all(
      lab.client.links.map((link) =>
        Capture.start(
          lab,
          lab.client.namespace,
          link.interfaceName,
          // Neighbour discovery and multicast reports stay on the link.
          `not (udp and host ${SERVER_ADDRESS} and port ${SERVER_PORT}) and not arp and not (icmp6 and ip6[40] >= 130)`,
        ),
      ),
    );
    const seen = [await addressSeenBy(WEB_ADDRESS), await addressSeenBy(`[${WEB_ADDRESS6}]`)];
    await startPing(lab.client.namespace, WEB_ADDRESS, { count: 20 }).report();
    console.log(`the web host saw ${seen.join(' and ')}`);
    expect(seen).toEqual([SERVER_ADDRESS, SERVER_ADDRESS6]);
    for (const leak of leaks) {
      expect(leak.packets()).toEqual([]);
      await leak.stop();
    }
  });

  it('leaves both machines as they were after SIGTERM', async () => {
    const before = await bothStates();
    const { server, client } = await startPair();
    expect((await bothStates()).client).not.toBe(before.client);
    const ends = [await client.stop(), await server.stop()];
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    const after = await bothStates();
    expect(after.client).toBe(before.client);
    expect(after.server).toBe(before.server);
    expect(await addressSeenBy(WEB_ADDRESS)).toBe(lab.client.links[0].publicAddress);
  });

  it('leaves them as they were after kill -9, a new start and SIGTERM', async () => {
    const before = await bothStates();
    const killed = await startPair();
    await killed.client.stop('SIGKILL');
    await killed.server.stop('SIGKILL');
    const server = await vpn.startServer();
    const client = await vpn.startClient();
    expect(await addressSeenBy(WEB_ADDRESS)).toBe(SERVER_ADDRESS);
    await client.stop();
    await server.stop();
    const after = await bothStates();
    expect(after.client).toBe(before.client);
    expect(after.server).toBe(before.server);
  });

  it('puts only the networks named into the tunnel', async () => {
    await startPair(['--route', '192.0.2.0/24']);
    expect(await addressSeenBy(WEB_ADDRESS)).toBe(SERVER_ADDRESS);
    const route = await lab.client.namespace.run(['ip', 'route', 'get', '198.51.100.99']);
    expect(route).toContain('dev wlan0');
  });
});
