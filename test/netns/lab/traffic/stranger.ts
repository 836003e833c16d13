/** Someone on the internet who throws datagrams at the server. */
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../namespace.ts';
import type { SendReport } from './udp-sender.ts';

const SENDER = fileURLToPath(new URL('./udp-sender.ts', import.meta.url));

export interface Throw {
  readonly datagram: Uint8Array;
  /** Default 1. */
  readonly times?: number;
}

export async function throwAt(
  from: Namespace,
  host: string,
  port: number,
  throws: readonly Throw[],
): Promise<SendReport> {
  const lines = throws.map(
    ({ datagram, times = 1 }) => `${times} ${Buffer.from(datagram).toString('hex')}\n`,
  );
  const words = [process.execPath, '--import', 'tsx', SENDER, host, String(port)];
  return JSON.parse(await from.run(words, { input: lines.join('') })) as SendReport;
}
