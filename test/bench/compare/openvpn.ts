/** OpenVPN without its kernel module: UDP, TLS between two self-signed keys pinned by fingerprint, AES-256-GCM. */
import { join } from 'node:path';
import { attempt, run } from '../../netns/lab/process.ts';
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

const PORT = 1194;
const NETWORK = '10.79.0';
const DEVICE = 'tun-ovpn';

export async function startOpenvpn(rig: Rig, { directory }: SubjectFiles): Promise<Subject> {
  const version = (await attempt(['openvpn', '--version']).catch(() => null))?.stdout.split(' ').slice(0, 2);
  if (version === undefined) throw new NotAvailable('openvpn is not installed');
  const serverPrint = await makeCertificate(directory, 'server');
  const clientPrint = await makeCertificate(directory, 'client');
  const common = (name: string, own: string, other: string) => [
    ['openvpn', '--dev', DEVICE, '--dev-type', 'tun', '--proto', 'udp4', '--disable-dco'],
    ['--data-ciphers', 'AES-256-GCM', '--ifconfig', `${NETWORK}.${own}`, `${NETWORK}.${other}`],
    ['--tun-mtu', `${INNER_MTU_BYTES}`, '--keepalive', '10', '60', '--verb', '1'],
    ['--cert', join(directory, `${name}.crt`), '--key', join(directory, `${name}.key`)],
  ];
  const server = rig.server.start([
    ...common('server', '1', '2').flat(),
    ...['--local', SERVER_ENDPOINT, '--lport', `${PORT}`, '--tls-server', '--dh', 'none'],
    ...['--peer-fingerprint', clientPrint],
  ]);
  const client = rig.client.start([
    ...common('client', '2', '1').flat(),
    ...['--remote', SERVER_ENDPOINT, '--rport', `${PORT}`, '--nobind', '--tls-client'],
    ...['--peer-fingerprint', serverPrint, '--route', WEB_ADDRESS],
  ]);
  await masquerade(rig, `${NETWORK}.0/24`, null);
  const subject: Subject = {
    id: 'openvpn',
    description: `${version.join(' ')}, AES-256-GCM, UDP, no DCO, MTU ${INNER_MTU_BYTES}, over ${LINKS[0]}`,
    rig,
    serverAddress: `${NETWORK}.1`,
    webAddress: WEB_ADDRESS,
    client: [client],
    server: [server],
    stop: () => stopAll([client, server]),
  };
  await waitForEcho(subject);
  return subject;
}

/** Returns the SHA-256 fingerprint by which the other side knows it. */
async function makeCertificate(directory: string, name: string): Promise<string> {
  const certificate = join(directory, `${name}.crt`);
  await run([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', `/CN=${name}`, '-keyout', join(directory, `${name}.key`), '-out', certificate],
  ]);
  const text = await run(['openssl', 'x509', '-in', certificate, '-noout', '-fingerprint', '-sha256']);
  return text.trim().split('=')[1];
}
