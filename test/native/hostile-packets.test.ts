import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEADROOM_BYTES, PacketFlags, TAILROOM_BYTES } from '../../src/proto/packet-batch.ts';
import {
  buildFrame,
  buildPacket,
  GSO_TCP4,
  headerBytes,
  NEEDS_CHECKSUM,
  noise,
  type PacketSpec,
  superFrame,
  TCP,
  UDP,
} from './packets.ts';
import { fill, join, makeBatch, split } from './rows.ts';

const PARTIAL = PacketFlags.PARTIAL_CHECKSUM;

describe('hostile frames', () => {
  it('are refused when they do not fit their virtio header', () => {
    const spec: PacketSpec = { version: 4, transport: TCP, payload: noise(300) };
    const packet = buildPacket(spec);
    const good = {
      flags: NEEDS_CHECKSUM,
      gsoType: GSO_TCP4,
      gsoSize: 100,
      checksumStart: 20,
      checksumOffset: 16,
    };
    expect(split(buildFrame(good, packet)).count).toBe(3);
    const wrong: [string, Uint8Array][] = [
      ['no checksum asked for', buildFrame({ ...good, flags: 0 }, packet)],
      ['no segment size', buildFrame({ ...good, gsoSize: 0 }, packet)],
      ['another version', buildFrame({ ...good, gsoType: 4 }, packet)],
      ['an unknown type', buildFrame({ ...good, gsoType: 9 }, packet)],
      ['UFO', buildFrame({ ...good, gsoType: 3 }, packet)],
      ['checksum start off', buildFrame({ ...good, checksumStart: 24 }, packet)],
      ['checksum start beyond the end', buildFrame({ ...good, checksumStart: 60_000 }, packet)],
      ['checksum offset off', buildFrame({ ...good, checksumOffset: 6 }, packet)],
      ['headers alone', buildFrame(good, packet.slice(0, headerBytes(spec)))],
      ['cut inside the TCP header', buildFrame(good, packet.slice(0, 30))],
      ['plain, checksum beyond the end', buildFrame({ ...good, gsoType: 0, checksumStart: 339 }, packet)],
      ['nothing but the virtio header', buildFrame(good, new Uint8Array(0))],
      ['less than a virtio header', new Uint8Array(9)],
    ];
    for (const [name, frame] of wrong) expect(split(frame).count, name).toBe(0);
    const broken = packet.slice();
    broken[20 + 12] = 0xf0;
    expect(split(buildFrame(good, broken.slice(0, 70))).count).toBe(0);
  });

  it('that were cut or changed never leave the arena', () => {
    const spec: PacketSpec = { version: 6, transport: TCP, payload: noise(500), tcpOptions: noise(12) };
    const frame = superFrame(spec, 100);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: frame.length }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 79 }), fc.integer({ min: 0, max: 255 })), {
          maxLength: 4,
        }),
        (length, changes) => {
          const bytes = frame.slice(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          const batch = split(bytes, makeBatch(64, 8192));
          for (let row = 0; row < batch.count; row++) {
            expect(batch.offset[row]).toBeGreaterThanOrEqual(HEADROOM_BYTES);
            expect(batch.offset[row] + batch.length[row] + TAILROOM_BYTES).toBeLessThanOrEqual(batch.end);
          }
          expect(batch.end).toBeLessThanOrEqual(8192);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('packets of an untrusted peer', () => {
  const packet = buildPacket({ version: 4, transport: TCP, payload: noise(100) });
  const six = buildPacket({ version: 6, transport: UDP, payload: noise(100) });

  function isWritten(bytes: Uint8Array, flags: number = PARTIAL): boolean {
    const batch = makeBatch();
    fill(batch, [{ bytes, flags }]);
    return join(batch).length === 1;
  }

  function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
    const copy = bytes.slice();
    copy[at] = value;
    return copy;
  }

  it('are written when whole', () => {
    expect(isWritten(packet)).toBe(true);
    expect(isWritten(six)).toBe(true);
  });

  it('are dropped when the header is broken, cut, or of another length', () => {
    expect(isWritten(new Uint8Array(0))).toBe(false);
    expect(isWritten(changed(packet, 0, 0x55))).toBe(false);
    expect(isWritten(changed(packet, 0, 0x44))).toBe(false);
    expect(isWritten(changed(packet, 0, 0x4f).slice(0, 40))).toBe(false);
    expect(isWritten(packet.slice(0, 19))).toBe(false);
    expect(isWritten(packet.slice(0, 139))).toBe(false);
    expect(isWritten(changed(packet, 3, packet[3] - 1))).toBe(false);
    expect(isWritten(six.slice(0, 39))).toBe(false);
    expect(isWritten(six.slice(0, six.length - 1))).toBe(false);
  });

  it('are dropped with a partial checksum that has no place', () => {
    expect(isWritten(changed(packet, 9, 1))).toBe(false);
    expect(isWritten(changed(packet, 9, 1), 0)).toBe(true);
    expect(isWritten(changed(packet, 6, 0x20))).toBe(false);
    expect(isWritten(changed(six, 6, 43))).toBe(false);
    const short = buildPacket({ version: 4, transport: UDP, payload: new Uint8Array(0) }).slice(0, 24);
    expect(isWritten(changed(short, 3, 24))).toBe(false);
  });

  it('never make the joining read beyond a row', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom(packet, six),
            fc.integer({ min: 0, max: 160 }),
            fc.array(fc.tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 255 })), {
              maxLength: 3,
            }),
          ),
          { maxLength: 12 },
        ),
        (rows) => {
          const batch = makeBatch(16, 4096);
          fill(
            batch,
            rows.map(([bytes, length, changes]) => {
              const copy = bytes.slice(0, length);
              for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
              return { bytes: copy, flags: PARTIAL };
            }),
          );
          const total = rows.reduce((sum, [bytes, length]) => sum + Math.min(bytes.length, length), 0);
          const written = join(batch).reduce((sum, frame) => sum + frame.length - 10, 0);
          expect(written).toBeLessThanOrEqual(total);
        },
      ),
      { numRuns: 500 },
    );
  });
});
