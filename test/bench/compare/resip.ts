/** The product, started from the command line as its users start it: over one link, or every packet over both. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../netns/lab/process.ts';
import { LINKS, type Rig, SERVER_ENDPOINT, SERVER_WAN, WEB_ADDRESS } from '../rig.ts';
import {
  INNER_MTU_BYTES,
  NotAvailable,
  type Subject,
  type SubjectFiles,
  type SubjectId,
  stopAll,
  waitForEcho,
} from './subject.ts';

export const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const PORT = 4600;
const NETWORK = '10.77.0';

export async function startResip(
  rig: Rig,
  { directory }: SubjectFiles,
  id: SubjectId,
  links: readonly string[],
  clientWords: readonly string[] = [],
): Promise<Subject> {
  if (!existsSync(MAIN)) throw new NotAvailable('dist/main.js is not built: run `npm run build`');
  const serverState = ['--state-dir', join(directory, 'server')];
  // V8 tells of each pause: `pauses-row.ts`.
  const program = (...words: string[]) => [process.execPath, '--trace-gc', MAIN, ...words];
  // The invite first: it makes the server's keys.
  const invite = await run([
    ...[process.execPath, MAIN, 'invite', 'bench'],
    ...['--endpoint', `${SERVER_ENDPOINT}:${PORT}`, ...serverState],
  ]);
  const server = rig.server.start(
    program(
      ...['server', '--listen', `${SERVER_ENDPOINT}:${PORT}`, '--pool', `${NETWORK}.0/24`],
      ...['--nat', SERVER_WAN, '--mtu', `${INNER_MTU_BYTES}`, '--log-level', 'warn', ...serverState],
    ),
  );
  const client = rig.client.start(
    program(
      ...['client', invite.trim(), ...links.flatMap((link) => ['-i', link]), '--route', `${WEB_ADDRESS}/32`],
      ...['--log-level', 'warn', '--state-dir', join(directory, 'client'), ...clientWords],
    ),
  );
  const subject: Subject = {
    id,
    description: `resip-vpn, MTU ${INNER_MTU_BYTES}, over ${links.join(' and ')}`,
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

export function startOnePath(rig: Rig, files: SubjectFiles): Promise<Subject> {
  return startResip(rig, files, 'resip', LINKS.slice(0, 1));
}

/** The default policy: every packet over every link. */
export function startTwoPaths(rig: Rig, files: SubjectFiles): Promise<Subject> {
  return startResip(rig, files, 'resip-2', LINKS);
}
