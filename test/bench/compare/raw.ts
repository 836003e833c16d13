/** The bare veth link: the ceiling. Its MTU is 1,500 as it comes. */
import { type Rig, SERVER_ENDPOINT, WEB_ADDRESS } from '../rig.ts';
import { masquerade, type Subject, waitForEcho } from './subject.ts';

export async function startRaw(rig: Rig): Promise<Subject> {
  await masquerade(rig, '10.80.1.0/24', null);
  const subject: Subject = {
    id: 'raw',
    description: 'veth without a tunnel, MTU 1500',
    rig,
    serverAddress: SERVER_ENDPOINT,
    webAddress: WEB_ADDRESS,
    client: [],
    server: [],
    stop: async () => undefined,
  };
  await waitForEcho(subject);
  return subject;
}
