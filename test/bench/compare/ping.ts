/** Round trips by ICMP echo, as iputils' ping stamps them. */
import type { Namespace } from '../../netns/lab/namespace.ts';
import { attempt } from '../../netns/lab/process.ts';

export interface PingResult {
  /** Microseconds, in the order of arrival. */
  readonly rttUs: readonly number[];
  readonly sent: number;
  readonly lost: number;
}

/** `count` echoes of 56 bytes, `intervalMs` apart. A lost one is no error. */
export async function measurePing(
  client: Namespace,
  address: string,
  count: number,
  intervalMs: number,
): Promise<PingResult> {
  const words = ['ping', '-n', '-c', `${count}`, '-i', `${intervalMs / 1000}`, '-W', '1', address];
  const { stdout } = await attempt(client.command(words));
  return parsePing(stdout);
}

export function parsePing(text: string): PingResult {
  const totals = /(\d+) packets transmitted, (\d+) received/.exec(text);
  if (totals === null) throw new Error(`ping said: ${text.slice(0, 200)}`);
  const rttUs = [...text.matchAll(/ time=([\d.]+) ms$/gm)].map(([, ms]) => Number(ms) * 1000);
  const sent = Number(totals[1]);
  return { rttUs, sent, lost: sent - Number(totals[2]) };
}
