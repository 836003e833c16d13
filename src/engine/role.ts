/** What both roles share: the parts of the engine, opened in order and closed in reverse. */
import { pooledRandom } from '../crypto/pooled-random.ts';
import { loadPrimitives } from '../crypto/sodium.ts';
import { NativeSealer } from '../native/batch-sealer.ts';
import { loadNative } from '../native/native.ts';
import { withNative } from '../native/native-primitives.ts';
import type { Core } from '../proto/core.ts';
import type { CoreEvent } from '../proto/events.ts';
import { PathTable } from '../proto/packet-batch.ts';
import { findPolicy, type Policy } from '../proto/policy/policy.ts';
import type { BatchSealer, RandomBytes } from '../proto/ports.ts';
import { NetworkLayer } from '../proto/session/network-layer.ts';
import type { Primitives } from '../proto/session/primitives.ts';
import type { Stream } from '../proto/stream/stream.ts';
import { LinuxTun } from '../tun/linux-tun.ts';
import type { TunEdge } from '../tun/tun.ts';
import { LinuxUdp } from '../udp/linux-udp.ts';
import type { UdpEdge } from '../udp/udp.ts';
import { type Clock, systemClock } from './clock.ts';
import { fromBase64 } from './convert.ts';
import { Engine, type EngineBatches, engineBatches } from './engine.ts';
import type { EngineCommand, EngineEvent } from './messages.ts';

export interface Role {
  handle(command: EngineCommand): void;
}

export type Emit = (event: EngineEvent) => void;

/** Everything that a role works with: the world around the core. The simulator builds its own. */
export interface Parts {
  readonly clock: Clock;
  readonly batches: EngineBatches;
  readonly primitives: Primitives;
  readonly network: NetworkLayer;
  readonly sealer: BatchSealer & { close(): void };
  readonly paths: PathTable;
  readonly udp: UdpEdge;
  readonly tun: TunEdge;
  readonly random: RandomBytes;
  readonly policy: Policy;
  /** What takes and gives the bytes of streams; absent = local sockets. */
  readonly onStreamNews?: (streams: readonly Stream[]) => void;
}

export async function openParts(
  networkKey: string,
  tunName: string,
  policyName: string,
  peers: number,
  maxSessions: number,
): Promise<Parts> {
  const policy: Policy | undefined = findPolicy(policyName);
  if (policy === undefined) throw new Error(`unknown policy ${policyName}`);
  const native = loadNative();
  const primitives = withNative(native, await loadPrimitives());
  const network = new NetworkLayer(primitives, fromBase64(networkKey));
  const sealer = new NativeSealer(native, { maskKey: network.maskKey, slots: maxSessions });
  const paths = new PathTable(peers);
  const udp = new LinuxUdp(native, paths, sealer.mask);
  const tun = new LinuxTun(native, { name: tunName });
  const random = pooledRandom();
  const batches = engineBatches();
  return { clock: systemClock, batches, primitives, network, sealer, paths, udp, tun, random, policy };
}

export function startLoop(
  core: Core,
  parts: Parts,
  onEvent: (event: CoreEvent) => void,
  onStreamNews: (streams: readonly Stream[]) => void,
): Engine {
  return new Engine({ onStreamNews, ...parts, core, onEvent });
}

type Question = Extract<EngineCommand, { kind: 'snapshot' | 'sample' }>;

/** What a look at the core tells. */
export function answerOf(question: Question, core: Core, now: number, { tun }: Parts): EngineEvent {
  const { kind, request } = question;
  if (kind === 'sample') {
    return { kind, request, sample: core.sample(now, question.limit, question.also) };
  }
  // The core does not know the device it writes to.
  const { vnetHeader, tso, uso } = tun.offload;
  const snapshot = {
    ...core.snapshot(now, question.only, question.page),
    tun: { offload: vnetHeader, tso, uso },
  };
  return { kind, request, snapshot };
}
