import { describe, expect, it } from 'vitest';
import { Outbox } from '../../src/proto/outbox.ts';
import { ADDRESS_WORDS } from '../../src/proto/packet-batch.ts';
import { DatagramType } from '../../src/proto/wire/datagram.ts';

const DATAGRAM = new Uint8Array(64);

describe('a path that closes while datagrams wait to leave over it', () => {
  it('takes its copies with it, and no others', () => {
    const outbox = new Outbox();
    outbox.again(DATAGRAM, 1, 0b11);
    outbox.again(DATAGRAM, 1, 0b10);
    outbox.again(DATAGRAM, 2, 0b10);
    outbox.handshake(DatagramType.RESPONSE, 7, DATAGRAM, 3, new Int32Array(ADDRESS_WORDS), 0);
    outbox.withdraw(1, 1);
    const { pathMask, train } = outbox.batch;
    expect([...pathMask.subarray(0, 3)]).toEqual([0b01, 0, 0b10]);
    expect(train[3]).toBe(0);
  });
});
