/** Arbitrary socket addresses as words. */
import fc from 'fast-check';
import { ADDRESS_WORDS } from '../../../src/proto/packet-batch.ts';

const word = fc.integer({ min: -0x80000000, max: 0x7fffffff });

export const address = fc
  .record({
    family: fc.constantFrom(4, 6),
    port: fc.nat(0xffff),
    remote: fc.array(word, { minLength: 4, maxLength: 4 }),
    local: fc.array(word, { minLength: 5, maxLength: 5 }),
  })
  .map(({ family, port, remote, local }) =>
    Int32Array.from([(family << 16) | port, ...(family === 4 ? [remote[0], 0, 0, 0] : remote), ...local]),
  );

/** With the local side zero. */
export function remoteOf(words: Int32Array): Int32Array {
  const remote = new Int32Array(ADDRESS_WORDS);
  remote.set(words.subarray(0, 5));
  return remote;
}
