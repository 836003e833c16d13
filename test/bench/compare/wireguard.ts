/** wireguard-go: WireGuard over a userspace TUN, with its own TUN and UDP offloads where the version has them. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../../netns/lab/namespace.ts';
import { attempt, type Process, run, waitFor } from '../../netns/lab/process.ts';
import { LINKS, type Rig, SERVER_ENDPOINT, WEB_ADDRESS } from '../rig.ts';
import {
  INNER_MTU_BYTES,
  masquerade,
  NotAvailable,
  type Subject,
  type SubjectFiles,
  stopAll,
  waitForEcho,
} from './subject.ts';

/** Where `scripts/bench-peers.sh` puts a newer one than the distribution installs. */
const UNPACKED = fileURLToPath(
  new URL('../../../node_modules/.cache/resip-vpn/wireguard-go/usr/bin/wireguard-go', import.meta.url),
);
const PORT = 51820;
const NETWORK = '10.78.0';
/** Its control sockets stand in one directory for all namespaces, under the interface's name. */
const SOCKETS = '/var/run/wireguard';

interface Keys {
  readonly secret: string;
  readonly public: string;
}

export async function startWireguard(rig: Rig, { directory }: SubjectFiles): Promise<Subject> {
  const program = await findProgram();
  const clientName = `wgc${process.pid}`;
  const serverName = `wgs${process.pid}`;
  const [clientKeys, serverKeys] = [await makeKeys(), await makeKeys()];
  const names = [clientName, serverName];
  const daemons: Process[] = [];
  const start = async (namespace: Namespace, name: string) => {
    const daemon = namespace.start([program, '-f', name], { env: { LOG_LEVEL: 'error' } });
    daemons.push(daemon);
    await waitFor(socketOf(name), () => daemon.isRunning && existsSync(socketOf(name)));
    return daemon;
  };
  const stop = async () => {
    await stopAll(daemons);
    for (const name of names) await rm(socketOf(name), { force: true });
  };
  try {
    const server = await start(rig.server, serverName);
    const client = await start(rig.client, clientName);
    await configure(
      ...([rig.server, serverName, '1', join(directory, 'server.conf')] as const),
      `[Interface]\nPrivateKey=${serverKeys.secret}\nListenPort=${PORT}\n` +
        `[Peer]\nPublicKey=${clientKeys.public}\nAllowedIPs=${NETWORK}.2/32\n`,
    );
    await configure(
      ...([rig.client, clientName, '2', join(directory, 'client.conf')] as const),
      `[Interface]\nPrivateKey=${clientKeys.secret}\n[Peer]\nPublicKey=${serverKeys.public}\n` +
        `Endpoint=${SERVER_ENDPOINT}:${PORT}\nAllowedIPs=0.0.0.0/0\n`,
    );
    await masquerade(rig, `${NETWORK}.0/24`, clientName);
    const subject: Subject = {
      id: 'wireguard-go',
      description: `${await versionOf(program)}, MTU ${INNER_MTU_BYTES}, over ${LINKS[0]}`,
      rig,
      serverAddress: `${NETWORK}.1`,
      webAddress: WEB_ADDRESS,
      client: [client],
      server: [server],
      stop,
    };
    await waitForEcho(subject);
    return subject;
  } catch (error) {
    await stop();
    throw error;
  }
}

function socketOf(name: string): string {
  return `${SOCKETS}/${name}.sock`;
}

async function findProgram(): Promise<string> {
  const found = existsSync(UNPACKED) ? UNPACKED : (await attempt(['which', 'wireguard-go'])).stdout.trim();
  if (found === '') throw new NotAvailable('wireguard-go is not installed');
  if ((await attempt(['which', 'wg'])).code !== 0)
    throw new NotAvailable('wg (wireguard-tools) is not installed');
  return found;
}

/** What the program says of itself; Debian's 20231211 still says 20230223. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await attempt([program, '--version']);
  return stdout.split('\n')[0].trim() || 'wireguard-go';
}

async function makeKeys(): Promise<Keys> {
  const secret = (await run(['wg', 'genkey'])).trim();
  return { secret, public: (await run(['wg', 'pubkey'], { input: secret })).trim() };
}

/** `host` is the last number of its address; `text` goes through `file`: wg opens its input by name. */
async function configure(
  namespace: Namespace,
  name: string,
  host: string,
  file: string,
  text: string,
): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  await namespace.run(['wg', 'setconf', name, file]);
  await namespace.ip([
    `addr add ${NETWORK}.${host}/24 dev ${name}`,
    `link set ${name} mtu ${INNER_MTU_BYTES} up`,
  ]);
}
