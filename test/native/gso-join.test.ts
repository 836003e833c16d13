import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketFlags } from '../../src/proto/packet-batch.ts';
import {
  ACK,
  buildPacket,
  CWR,
  FIN,
  noise,
  type PacketSpec,
  PSH,
  RST,
  SYN,
  segmentsOf,
  TCP,
  UDP,
  URG,
} from './packets.ts';
import { bytesOf, expectBytes, fill, finished, join, makeBatch, split } from './rows.ts';

const PARTIAL = PacketFlags.PARTIAL_CHECKSUM;

describe('joining', () => {
  const base: PacketSpec = { version: 4, transport: TCP, payload: noise(200) };

  /** Joins packets of `segments` (partial checksums) and returns how many frames came out. */
  function framesOf(segments: PacketSpec[]): number {
    const batch = makeBatch();
    fill(
      batch,
      segments.map((spec) => ({
        bytes: buildPacket(spec),
        flags: spec.checksum === undefined ? PARTIAL : 0,
      })),
    );
    return join(batch).length;
  }

  const pair = segmentsOf({ ...base, payload: noise(400) }, 200);

  it('joins two neighbours of one flow', () => {
    expect(framesOf(pair)).toBe(1);
  });

  const breaks: [string, Partial<PacketSpec>][] = [
    ['another flow', { flow: 2 }],
    ['a gap in the sequence', { sequence: 202 }],
    ['another acknowledgement', { acknowledgement: 100 }],
    ['another window', { window: 502 }],
    ['options of another length', { tcpOptions: noise(12) }],
    ['another TOS', { tos: 4 }],
    ['another TTL', { ttl: 63 }],
    ['SYN', { tcpFlags: ACK | SYN }],
    ['RST', { tcpFlags: ACK | RST }],
    ['URG', { tcpFlags: ACK | URG }],
    ['CWR', { tcpFlags: ACK | CWR }],
    ['ECE on one alone', { tcpFlags: ACK | 0x40 }],
    ['a larger packet', { payload: noise(201) }],
    ['no payload', { payload: new Uint8Array(0) }],
    ['IPv4 options', { options: Uint8Array.from([1, 1, 1, 0]) }],
    ['don’t-fragment on one alone', { dontFragment: false }],
    ['a broken checksum', { checksum: 'broken' }],
  ];
  for (const [name, change] of breaks) {
    it(`does not join over ${name}`, () => {
      expect(framesOf([pair[0], { ...pair[1], ...change }])).toBe(2);
    });
  }

  it('does not join over other options of the same length', () => {
    const [a, b] = pair.map((spec) => ({ ...spec, tcpOptions: noise(12) }));
    expect(framesOf([a, b])).toBe(1);
    expect(framesOf([a, { ...b, tcpOptions: noise(12, 1) }])).toBe(2);
  });

  it('takes CWR on the first packet only', () => {
    expect(framesOf([{ ...pair[0], tcpFlags: ACK | CWR }, pair[1]])).toBe(1);
  });

  it('lets PSH and FIN end a run', () => {
    for (const flag of [PSH, FIN]) {
      const [a, b, c] = segmentsOf({ ...base, payload: noise(600) }, 200);
      expect(framesOf([a, { ...b, tcpFlags: ACK | flag }, c])).toBe(2);
      expect(framesOf([{ ...a, tcpFlags: ACK | flag }, b])).toBe(2);
    }
  });

  it('lets a short packet end a run', () => {
    const [a, b] = segmentsOf({ ...base, payload: noise(300) }, 200);
    expect(framesOf([a, b, { ...b, sequence: 301 }])).toBe(2);
  });

  it('wants counted-up IPv4 ids where fragmenting is allowed', () => {
    const [a, b] = pair.map((spec) => ({ ...spec, dontFragment: false }));
    expect(framesOf([a, b])).toBe(1);
    expect(framesOf([a, { ...b, id: 5 }])).toBe(2);
    expect(framesOf([a, { ...b, id: 5, dontFragment: true }])).toBe(2);
  });

  it('never exceeds 65,535 bytes', () => {
    for (const version of [4, 6] as const) {
      const spec: PacketSpec = { version, transport: TCP, payload: noise(70_000) };
      const batch = makeBatch();
      fill(
        batch,
        segmentsOf(spec, 1400).map((segment) => ({ bytes: buildPacket(segment), flags: PARTIAL })),
      );
      const frames = join(batch);
      expect(frames.length).toBe(2);
      for (const frame of frames) expect(frame.length - 10).toBeLessThanOrEqual(65_535);
    }
  });

  it('joins full checksums only when they fit', () => {
    const full = pair.map((spec) => ({ ...spec, checksum: 'full' as const }));
    expect(framesOf(full)).toBe(1);
    expect(framesOf([full[0], { ...full[1], checksum: 'broken' }])).toBe(2);
    expect(framesOf([{ ...full[0], checksum: 'broken' }, full[1]])).toBe(2);
    expect(framesOf([pair[0], full[1]])).toBe(1);
  });

  it('leaves UDP without checksum alone', () => {
    const batch = makeBatch();
    for (const segment of segmentsOf({ version: 4, transport: UDP, payload: noise(400) }, 200)) {
      const bytes = buildPacket(segment);
      bytes.fill(0, 26, 28);
      fill(batch, [{ bytes, flags: 0 }]);
    }
    expect(join(batch).length).toBe(2);
  });

  it('leaves a packet with a broken IPv4 header checksum for the kernel to drop', () => {
    const batch = makeBatch();
    const [a, b] = pair.map((spec) => buildPacket(spec));
    b[10] ^= 1;
    fill(batch, [
      { bytes: a, flags: PARTIAL },
      { bytes: b, flags: PARTIAL },
    ]);
    expect(join(batch).map((frame) => frame.slice(10))).toEqual([a, b]);
  });
});

/** Packets that often continue each other and often nearly do. */
const streams = fc.array(
  fc.record({
    step: fc.constantFrom(
      'next',
      'next',
      'next',
      'next',
      'gap',
      'flow',
      'short',
      'push',
      'fin',
      'window',
      'tos',
    ),
    checksum: fc.constantFrom<'partial' | 'full' | 'broken'>('partial', 'partial', 'full', 'broken'),
  }),
  { minLength: 1, maxLength: 90 },
);

function streamOf(
  steps: { step: string; checksum: 'partial' | 'full' | 'broken' }[],
  version: 4 | 6,
  transport: typeof TCP | typeof UDP,
): PacketSpec[] {
  let sequence = 0xffffff00;
  let id = 0xfffe;
  let flow = 1;
  let window = 500;
  let tos = 0;
  return steps.map(({ step, checksum }, i) => {
    if (step === 'gap') sequence += 1;
    if (step === 'flow') flow = (flow % 3) + 1;
    if (step === 'window') window++;
    if (step === 'tos') tos ^= 4;
    const payload = noise(step === 'short' ? 50 : 200, i);
    const spec: PacketSpec = {
      ...{ version, transport, payload, flow, window, tos, checksum },
      id: id & 0xffff,
      dontFragment: false,
      sequence: sequence >>> 0,
      tcpFlags: ACK | (step === 'push' ? PSH : 0) | (step === 'fin' ? FIN : 0),
    };
    sequence += payload.length;
    id++;
    return spec;
  });
}

describe('joining and splitting again', () => {
  it('gives every packet back, in order, with the checksum it had', () => {
    fc.assert(
      fc.property(
        streams,
        fc.constantFrom<4 | 6>(4, 6),
        fc.constantFrom<typeof TCP | typeof UDP>(TCP, UDP),
        (steps, version, transport) => {
          const specs = streamOf(steps, version, transport);
          const batch = makeBatch();
          fill(
            batch,
            specs.map((spec) => ({
              bytes: buildPacket(spec),
              flags: spec.checksum === 'partial' ? PARTIAL : 0,
            })),
          );
          const again = makeBatch();
          for (const frame of join(batch)) split(frame, again);
          expect(again.count).toBe(specs.length);
          for (const [row, spec] of specs.entries()) {
            const wanted = spec.checksum === 'partial' ? 'full' : spec.checksum;
            const got = { bytes: bytesOf(again, row), flags: again.flags[row] };
            expectBytes(finished(got, spec), buildPacket({ ...spec, checksum: wanted }));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
