/** The packets that go round: one flow of the client, of one size. */
import { PacketBatch, PacketFlags, Verdict } from '../../../src/proto/packet-batch.ts';
import { buildPacket, TCP, UDP } from '../../native/packets.ts';

export interface Load {
  readonly title: string;
  readonly transport: typeof TCP | typeof UDP;
  /** Of the whole IP packet. */
  readonly bytes: number;
  /** Handed over by the kernel as super-packets, as it does with a TCP stream. */
  readonly isJoined: boolean;
}

export const LOADS: readonly Load[] = [
  { title: 'TCP stream, 1400', transport: TCP, bytes: 1400, isJoined: true },
  { title: 'UDP, 64', transport: UDP, bytes: 64, isJoined: false },
  { title: 'UDP, 1400', transport: UDP, bytes: 1400, isJoined: false },
];

/** Packets of one round: seven super-packets, and less than a batch. */
export const ROUND_PACKETS = 320;
/** From the second address of the pool, that of the client. */
const FLOW = 2;

/** A batch that `feedAll` can write again and again. */
export function makeLoad({ transport, bytes }: Load): PacketBatch {
  const batch = new PacketBatch({ capacity: ROUND_PACKETS, arenaBytes: ROUND_PACKETS * 1500 });
  const payloadBytes = bytes - (transport === TCP ? 40 : 28);
  for (let number = 0; number < ROUND_PACKETS; number++) {
    const payload = new Uint8Array(payloadBytes).fill(number);
    const sequence = 1 + number * payloadBytes;
    const packet = buildPacket({ version: 4, transport, payload, flow: FLOW, id: number, sequence });
    const row = batch.append(packet.length);
    batch.arena.set(packet, batch.offset[row]);
    batch.flags[row] = PacketFlags.PARTIAL_CHECKSUM;
    batch.verdict[row] = Verdict.DELIVER;
  }
  return batch;
}
