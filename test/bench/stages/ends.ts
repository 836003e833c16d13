/**
 * A whole client and a whole server in one process, with real sockets over loopback and without TUN: what the engine does in
 * two processes, so that each stage can be timed on its own.
 */
import { randomFillSync } from 'node:crypto';
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import { NativeSealer } from '../../../src/native/batch-sealer.ts';
import { loadNative } from '../../../src/native/native.ts';
import { ClientCore } from '../../../src/proto/client-core.ts';
import type { Core } from '../../../src/proto/core.ts';
import { ADDRESS_WORDS, PacketBatch, PathTable } from '../../../src/proto/packet-batch.ts';
import { redundant } from '../../../src/proto/policy/redundant.ts';
import { ServerCore } from '../../../src/proto/server-core.ts';
import { NetworkLayer } from '../../../src/proto/session/network-layer.ts';
import { parseAddress } from '../../../src/udp/address.ts';
import { LinuxUdp } from '../../../src/udp/linux-udp.ts';
import { pause } from '../../netns/lab/process.ts';

/** The client is given the second address: what the packets of `packets.ts` in test/native come from as flow 2. */
const POOL = '10.1.0.0/24';
const MTU_BYTES = 1400;
const PATH_MTU_BYTES = 1500;
const READY_WITHIN_MS = 5_000;

export interface End<C extends Core = Core> {
  readonly core: C;
  readonly sealer: NativeSealer;
  readonly udp: LinuxUdp;
  readonly socket: number;
}

export interface Ends {
  readonly client: End<ClientCore>;
  readonly server: End<ServerCore>;
}

/** Resolves when the client has its address and the path carries whole packets. */
export async function connectEnds(): Promise<Ends> {
  const native = loadNative();
  const primitives = await loadPrimitives();
  const random = (count: number) => randomFillSync(new Uint8Array(count));
  const network = new NetworkLayer(primitives, random(32));
  const [serverKey, clientKey, psk] = [random(32), random(32), random(32)];
  const parts = (slots: number) => {
    const sealer = new NativeSealer(native, { maskKey: network.maskKey, slots });
    const paths = new PathTable(1);
    const udp = new LinuxUdp(native, paths, sealer.mask);
    const socket = udp.open({ family: 4, address: '127.0.0.1' });
    return { primitives, network, random, sealer, paths, udp, socket, policy: redundant, tunName: '' };
  };
  const now = performance.now();
  const serverParts = parts(128);
  const server = new ServerCore(
    {
      ...serverParts,
      privateKey: serverKey,
      pool: POOL,
      pool6: null,
      dns: [],
      mtuBytes: MTU_BYTES,
      leaseMs: 3_600_000,
      maxClients: 1,
      clients: [
        {
          publicKey: primitives.x25519PublicKey(clientKey),
          name: 'bench',
          psk,
          counter: 0,
          revoked: false,
          address: 0,
          isStatic: false,
          isFixed: false,
          silentMs: 0,
        },
      ],
    },
    now,
  );
  const clientParts = parts(8);
  const endpoint = new Int32Array(ADDRESS_WORDS);
  parseAddress('127.0.0.1', serverParts.udp.port(serverParts.socket), endpoint);
  const client = new ClientCore(
    {
      ...clientParts,
      privateKey: clientKey,
      serverPublicKey: primitives.x25519PublicKey(serverKey),
      psk,
      inviteId: null,
      counter: 1,
      endpoints: [endpoint],
      wantedAddress: 0,
    },
    now,
  );
  client.openPath(
    { id: 0, socket: clientParts.socket, family: 4, mtuBytes: PATH_MTU_BYTES, interfaceName: 'lo' },
    now,
  );
  const ends = { client: { core: client, ...clientParts }, server: { core: server, ...serverParts } };
  const deadlineMs = now + READY_WITHIN_MS;
  while (!isReady(client)) {
    if (performance.now() > deadlineMs) throw new Error('client and server do not come together');
    turn(ends);
    await pause(1);
  }
  return ends;
}

/** Both ends do what is due and read what has come; packets that arrive meanwhile are lost. */
export function turn({ client, server }: Ends): void {
  for (const end of [client, server]) {
    const now = performance.now();
    if (end.core.nextTimeoutMs <= now) end.core.handleTimeout(now);
    drain(end);
    while (end.udp.receive(end.socket, spare) > 0) {
      if (end.core.handleDatagrams(spare, now) > 0) {
        end.sealer.open(spare);
        while (end.core.handleOpened(spare, now)) end.sealer.open(spare);
      }
      spare.clear();
    }
    drain(end);
  }
}

const spare = new PacketBatch({ capacity: 512, arenaBytes: 1024 * 1024 });

function drain({ core, sealer, udp }: End): void {
  const out = core.outbox.batch;
  if (out.count > 0) {
    sealer.seal(out);
    udp.send(out);
    out.clear();
  }
  core.deliveries.clear();
  core.events.length = 0;
}

function isReady(client: ClientCore): boolean {
  const [peer] = client.snapshot(performance.now()).peers;
  return peer.address !== null && peer.paths.some((path) => path.mtuBytes === PATH_MTU_BYTES);
}
