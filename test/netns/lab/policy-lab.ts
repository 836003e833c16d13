/** Two links whose shape each test chooses, and a pair of daemons that has learnt nothing of them yet. */
import type { Lab } from './lab.ts';
import { shareLab } from './shared-lab.ts';
import type { Daemon } from './vpn.ts';

/** Queue of a link, as home routers and base stations have it. */
const QUEUE_MS = 100;
const LEAST_QUEUE_BYTES = 30_000;

export interface Shape {
  /** Mbit/s; absent = no limit. */
  readonly rate?: number;
  /** One way. */
  readonly delayMs: number;
  readonly loss?: number;
}

export interface PolicyLab {
  readonly lab: Lab;
  start(
    policy: string,
    wifi: Shape,
    lte: Shape,
  ): Promise<{ readonly client: Daemon; readonly server: Daemon }>;
}

export function sharePolicyLab(): PolicyLab {
  const shared = shareLab([{ kind: 'wifi' }, { kind: 'lte' }]);
  return {
    get lab() {
      return shared.lab;
    },
    async start(policy, wifi, lte) {
      // What one test taught the paths is nothing to the next.
      const vpn = await shared.newVpn();
      await Promise.all([shared.lab.set('wifi', settings(wifi)), shared.lab.set('lte', settings(lte))]);
      return vpn.startPair({ server: ['--no-nat'], client: ['--route', 'none', '--policy', policy] });
    },
  };
}

function settings({ rate = 0, delayMs, loss = 0 }: Shape) {
  return {
    delayMs,
    loss,
    rateBitsPerSecond: rate * 1e6,
    queueBytes: Math.max(LEAST_QUEUE_BYTES, rate * 125 * QUEUE_MS),
    blackhole: false,
  };
}
