/** What happens to a link of the lab happens to the machines on it, and traffic flows again afterwards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessLink } from './access-link.ts';
import { Capture } from './capture.ts';
import { Lab } from './lab.ts';
import { SERVER_ADDRESS, WEB_ADDRESS } from './plan.ts';
import { ECHO_PORT } from './ports.ts';
import { waitFor } from './process.ts';
import { startPing } from './traffic/ping.ts';

let lab: Lab;
let wifi: AccessLink;

beforeAll(async () => {
  lab = await Lab.raise({ links: [{ kind: 'wifi' }] });
  wifi = lab.access('wifi');
});
afterAll(() => lab?.close());

const answers = async () =>
  (await startPing(lab.client.namespace, SERVER_ADDRESS, { count: 3, source: 'wlan0' }).report()).received;
const hasInterface = async () => (await lab.client.namespace.run(['ip', '-o', 'link'])).includes('wlan0');

describe('an access link', () => {
  it('is pulled out and comes back', async () => {
    await wifi.unplug();
    expect(await hasInterface()).toBe(false);
    await wifi.plug();
    expect(await hasInterface()).toBe(true);
    expect(await answers()).toBe(3);
  });

  it('is switched off and on at either end', async () => {
    await wifi.switchOff();
    expect(await lab.client.namespace.run(['ip', 'route', 'show', 'default'])).toBe('');
    await wifi.switchOn();
    expect(await answers()).toBe(3);
    await wifi.switchRouterOff();
    expect(await hasInterface()).toBe(true);
    await wifi.switchRouterOn();
    expect(await answers()).toBe(3);
  });

  it('gets another address, and another gateway', async () => {
    await wifi.renumber();
    const addresses = await lab.client.namespace.run(['ip', '-o', 'addr', 'show', 'dev', 'wlan0']);
    expect(addresses).toMatch(/192\.168\.1\.24\/24/);
    expect(addresses).not.toMatch(/192\.168\.1\.23\/24/);
    expect(await answers()).toBe(3);
    await wifi.regateway();
    expect(await lab.client.namespace.run(['ip', 'route', 'show', 'default'])).toContain('via 192.168.1.2 ');
    expect(await answers()).toBe(3);
  });

  it('has a NAT that forgets', async () => {
    const capture = await Capture.start(lab, lab.web, 'eth0', `udp dst port ${ECHO_PORT}`);
    const repeat = `exec 3<>/dev/udp/${WEB_ADDRESS}/${ECHO_PORT}; while read -r line; do echo "$line" >&3; dd bs=99 count=1 status=none <&3; done`;
    const shell = lab.start(lab.client.namespace, ['bash', '-c', repeat], { stdin: true });
    for (const word of ['before', 'after']) {
      shell.child.stdin?.write(`${word}\n`);
      await waitFor(`the echo of "${word}"`, () => shell.stdout.includes(word));
      await wifi.restartNat();
    }
    await waitFor('the capture', () => capture.packets().length >= 2);
    const ports = capture.packets().map((packet) => Buffer.from(packet).readUInt16BE(20));
    expect(new Set(ports).size).toBe(2);
    await capture.stop();
  });
});
