import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DATAGRAM_HEADER_BYTES } from '../../../src/proto/packet-batch.ts';
import {
  DatagramType,
  datagramPacketNumber,
  datagramSessionId,
  datagramType,
  MIN_DATAGRAM_BYTES,
  writeDatagramHeader,
} from '../../../src/proto/wire/datagram.ts';
import { embedded, hex, written } from '../bytes.ts';

describe('datagram header', () => {
  it('stands as drawn in PROTOCOL.md §2', () => {
    const bytes = written((b, at) => {
      writeDatagramHeader(b, at, DatagramType.COOKIE, 0xfedcba98, 0x1fffffffffffff);
      return DATAGRAM_HEADER_BYTES;
    });
    expect(hex(bytes)).toBe(`03${'fedcba98'}${'1fffffffffffff'}`);
    expect(MIN_DATAGRAM_BYTES).toBe(28);
  });

  it('comes back', () => {
    const types = fc.constantFrom(...Object.values(DatagramType));
    fc.assert(
      fc.property(types, fc.nat(0xffffffff), fc.maxSafeNat(), (type, sessionId, packetNumber) => {
        const header = written((b, at) => {
          writeDatagramHeader(b, at, type, sessionId, packetNumber);
          return DATAGRAM_HEADER_BYTES;
        });
        const { bytes, offset } = embedded(header);
        expect(datagramType(bytes, offset)).toBe(type);
        expect(datagramSessionId(bytes, offset)).toBe(sessionId);
        expect(datagramPacketNumber(bytes, offset)).toBe(packetNumber);
      }),
    );
  });

  it('shows a set high nibble as no known type', () => {
    expect(Object.values<number>(DatagramType)).not.toContain(datagramType(Uint8Array.of(0x10), 0));
  });
});
