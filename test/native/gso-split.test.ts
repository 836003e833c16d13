import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEADROOM_BYTES, PacketFlags, TAILROOM_BYTES, Verdict } from '../../src/proto/packet-batch.ts';
import {
  ACK,
  buildFrame,
  buildPacket,
  CWR,
  FIN,
  ipHeaderBytes,
  NEEDS_CHECKSUM,
  noise,
  type PacketSpec,
  PSH,
  segmentsOf,
  sum16,
  superFrame,
  TCP,
  UDP,
} from './packets.ts';
import { bytesOf, expectBytes, join, makeBatch, rowsOf, split } from './rows.ts';

const PARTIAL = PacketFlags.PARTIAL_CHECKSUM;

/** A super-packet of one flow; payload and segment sizes such that it has 2 … 64 segments. */
const superPackets = fc
  .record({
    version: fc.constantFrom<4 | 6>(4, 6),
    transport: fc.constantFrom<typeof TCP | typeof UDP>(TCP, UDP),
    segmentBytes: fc.integer({ min: 1, max: 1400 }),
    segments: fc.integer({ min: 2, max: 64 }),
    last: fc.integer({ min: 1, max: 1400 }),
    id: fc.integer({ min: 0, max: 0xffff }),
    dontFragment: fc.boolean(),
    tos: fc.integer({ min: 0, max: 255 }),
    sequence: fc.integer({ min: 0, max: 0xffffffff }),
    tcpFlags: fc.constantFrom(
      ACK,
      ACK | PSH,
      ACK | FIN,
      ACK | PSH | FIN,
      ACK | CWR,
      ACK | CWR | PSH,
      ACK | 0x40,
    ),
    tcpOptions: fc.constantFrom(0, 12, 40),
    seed: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ segments, last, seed, tcpOptions, ...spec }) => {
    const whole = Math.min(segments - 1, Math.floor(60_000 / spec.segmentBytes));
    const bytes = whole * spec.segmentBytes + Math.min(last, spec.segmentBytes);
    return { ...spec, payload: noise(bytes, seed), tcpOptions: noise(tcpOptions, seed) };
  });

describe('splitting a super-packet', () => {
  it('gives the packets it stands for, byte for byte, packed back to back', () => {
    fc.assert(
      fc.property(superPackets, (spec) => {
        const batch = split(superFrame(spec, spec.segmentBytes));
        const expected = segmentsOf(spec, spec.segmentBytes);
        expect(batch.count).toBe(expected.length);
        let end = 0;
        for (const [row, segment] of expected.entries()) {
          expectBytes(bytesOf(batch, row), buildPacket(segment));
          expect(batch.flags[row]).toBe(PARTIAL);
          expect(batch.offset[row]).toBe(end + HEADROOM_BYTES);
          end = batch.offset[row] + batch.length[row] + TAILROOM_BYTES;
        }
        expect(batch.end).toBe(end);
      }),
      { numRuns: 150 },
    );
  });

  it('is undone by joining', () => {
    fc.assert(
      fc.property(superPackets, (spec) => {
        const frame = superFrame(spec, spec.segmentBytes);
        const batch = split(frame);
        batch.verdict.fill(Verdict.DELIVER, 0, batch.count);
        const frames = join(batch);
        expect(frames.length).toBe(1);
        expectBytes(frames[0], frame);
      }),
      { numRuns: 150 },
    );
  });

  it('gives rows the columns that append gives them', () => {
    const spec: PacketSpec = { version: 4, transport: TCP, payload: noise(300) };
    const batch = makeBatch();
    batch.keySlot.fill(77);
    batch.train.fill(77);
    batch.packetNumber.fill(77);
    batch.pathMask.fill(77);
    batch.verdict.fill(77);
    split(superFrame(spec, 100), batch);
    const plain = makeBatch();
    for (let row = 0; row < 3; row++) plain.append(batch.length[row]);
    for (const column of [
      'packetNumber',
      'offset',
      'length',
      'sessionId',
      'keySlot',
      'peer',
      'train',
    ] as const) {
      expect(batch[column].slice(0, 3)).toEqual(plain[column].slice(0, 3));
    }
    for (const column of ['pathMask', 'type', 'verdict'] as const) {
      expect(batch[column].slice(0, 3)).toEqual(plain[column].slice(0, 3));
    }
  });

  it('finishes the checksum behind IPv6 extension headers, where a receiver could not find it', () => {
    const extension = Uint8Array.from([TCP, 0, 1, 4, 0, 0, 0, 0]);
    const spec: PacketSpec = { version: 6, transport: TCP, payload: noise(2500), options: extension };
    const batch = split(superFrame(spec, 1000));
    const expected = segmentsOf(spec, 1000).map((segment) => buildPacket({ ...segment, checksum: 'full' }));
    expect(rowsOf(batch)).toEqual(expected.map((bytes) => ({ bytes, flags: 0 })));
  });
});

describe('a packet that is plain already', () => {
  it('keeps its partial checksum where the IP header tells its place', () => {
    for (const version of [4, 6] as const) {
      for (const transport of [TCP, UDP] as const) {
        const spec: PacketSpec = { version, transport, payload: noise(100) };
        const header = {
          flags: NEEDS_CHECKSUM,
          checksumStart: ipHeaderBytes(spec),
          checksumOffset: transport === UDP ? 6 : 16,
        };
        const packet = buildPacket(spec);
        expect(rowsOf(split(buildFrame(header, packet)))).toEqual([{ bytes: packet, flags: PARTIAL }]);
      }
    }
  });

  it('gets a full checksum where it does not', () => {
    const extension = Uint8Array.from([UDP, 0, 1, 4, 0, 0, 0, 0]);
    const spec: PacketSpec = { version: 6, transport: UDP, payload: noise(101), options: extension };
    const frame = buildFrame(
      { flags: NEEDS_CHECKSUM, checksumStart: 48, checksumOffset: 6 },
      buildPacket(spec),
    );
    const full = buildPacket({ ...spec, checksum: 'full' });
    expect(rowsOf(split(frame))).toEqual([{ bytes: full, flags: 0 }]);
  });

  it('never gets a UDP checksum of zero, which would mean none', () => {
    const spec = {
      version: 6,
      transport: UDP,
      options: Uint8Array.from([UDP, 0, 1, 4, 0, 0, 0, 0]),
    } as const;
    // Two bytes of payload that bring the sum to all ones.
    const rest = sum16(buildPacket({ ...spec, payload: new Uint8Array(2) }).subarray(48));
    const payload = Uint8Array.from([(0xffff - rest) >> 8, (0xffff - rest) & 0xff]);
    const header = { flags: NEEDS_CHECKSUM, checksumStart: 48, checksumOffset: 6 };
    const batch = split(buildFrame(header, buildPacket({ ...spec, payload })));
    expect([...bytesOf(batch, 0).subarray(54, 56)]).toEqual([0xff, 0xff]);
  });

  it('goes as it is with a full checksum', () => {
    const packet = buildPacket({ version: 4, transport: UDP, payload: noise(9), checksum: 'full' });
    expect(rowsOf(split(buildFrame({}, packet)))).toEqual([{ bytes: packet, flags: 0 }]);
  });
});
