/** What both roles share: the parts of the engine, opened in order and closed in reverse. */
import { randomFillSync } from 'node:crypto';
import { loadPrimitives } from '../crypto/sodium.ts';
import { NativeSealer } from '../native/batch-sealer.ts';
import { loadNative } from '../native/native.ts';
import type { Core } from '../proto/core.ts';
import type { CoreEvent } from '../proto/events.ts';
import { PathTable } from '../proto/packet-batch.ts';
import { findPolicy, type Policy } from '../proto/policy/policy.ts';
import { NetworkLayer } from '../proto/session/network-layer.ts';
import { LinuxTun } from '../tun/linux-tun.ts';
import { LinuxUdp } from '../udp/linux-udp.ts';
import { fromBase64 } from './convert.ts';
import { Engine } from './engine.ts';
import type { EngineCommand, EngineEvent, Snapshot } from './messages.ts';

export interface Role {
  handle(command: EngineCommand): void;
}

export type Emit = (event: EngineEvent) => void;

/** Everything a core is built from. */
export async function openParts(
  networkKey: string,
  tunName: string,
  policyName: string,
  peers: number,
  maxSessions: number,
) {
  const policy: Policy | undefined = findPolicy(policyName);
  if (policy === undefined) throw new Error(`unknown policy ${policyName}`);
  const native = loadNative();
  const primitives = await loadPrimitives();
  const network = new NetworkLayer(primitives, fromBase64(networkKey));
  const sealer = new NativeSealer(native, { maskKey: network.maskKey, slots: maxSessions });
  const paths = new PathTable(peers);
  const udp = new LinuxUdp(native, paths, sealer.mask);
  const tun = new LinuxTun(native, { name: tunName });
  const random = (count: number) => randomFillSync(new Uint8Array(count));
  return { primitives, network, sealer, paths, udp, tun, random, policy };
}

export type Parts = Awaited<ReturnType<typeof openParts>>;

export function startLoop(core: Core, parts: Parts, onEvent: (event: CoreEvent) => void): Engine {
  return new Engine({ core, tun: parts.tun, udp: parts.udp, sealer: parts.sealer, onEvent });
}

/** The core does not know the device it writes to. */
export function withTun(snapshot: Snapshot, parts: Parts): Snapshot {
  const { vnetHeader, tso, uso } = parts.tun.offload;
  return { ...snapshot, tun: { offload: vnetHeader, tso, uso } };
}
