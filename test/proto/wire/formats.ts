/** Every format of `src/proto/wire` and of the handshake's payloads that is one value: what it may say, its writer and its reader. */
import fc from 'fast-check';
import { ADDRESS_WORDS, PATHS_PER_PEER } from '../../../src/proto/packet-batch.ts';
import { POLICIES, policyNamed } from '../../../src/proto/policy/policy.ts';
import { MAX_RULES } from '../../../src/proto/policy/rule.ts';
import {
  encodeHandshakeRefusal,
  encodeInitiation,
  encodeResponse,
  type InitiationPayload,
  parseInitiation,
  parseResponse,
} from '../../../src/proto/session/handshake-payload.ts';
import {
  readAddressAnswer,
  readAddressRequest,
  writeAddressAnswer,
  writeAddressRefusal,
  writeAddressRequest,
} from '../../../src/proto/wire/address-message.ts';
import { readObserved, writeObserved } from '../../../src/proto/wire/address-words.ts';
import * as commands from '../../../src/proto/wire/commands.ts';
import {
  isKeepAlive,
  keepAlivePathId,
  keepAliveStamp,
  writeKeepAlive,
} from '../../../src/proto/wire/keep-alive.ts';
import * as preferences from '../../../src/proto/wire/preferences.ts';
import { Probe, ProbeReply } from '../../../src/proto/wire/probe.ts';
import { decodeRefusal, encodeRefusal, REFUSAL_TEXT_MAX_BYTES } from '../../../src/proto/wire/refusal.ts';
import * as streams from '../../../src/proto/wire/stream-commands.ts';

export interface Format<T> {
  readonly values: fc.Arbitrary<T>;
  write(bytes: Uint8Array, at: number, value: T): number;
  /** Null = malformed. */
  read(bytes: Uint8Array, offset: number, length: number): T | null;
  /** Bytes may be missing at the end: options stand there. */
  readonly hasOptions?: true;
}

const uint8 = fc.nat(0xff);
const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffffffff);
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const format = <T>(one: Format<T>): Format<unknown> => one as unknown as Format<unknown>;
/** -1 means malformed. */
const orNull = (value: number) => (value < 0 ? null : value);

const observed = fc.oneof(
  fc.tuple(uint16, bytesOf(4)).map(([port, address]) => observedWords(4, port, address)),
  fc.tuple(uint16, bytesOf(16)).map(([port, address]) => observedWords(6, port, address)),
);

function observedWords(family: number, port: number, address: Uint8Array): Int32Array {
  const words = new Int32Array(ADDRESS_WORDS);
  words[0] = (family << 16) | port;
  const view = new DataView(address.buffer);
  for (let i = 0; i < address.length / 4; i++) words[1 + i] = view.getInt32(4 * i);
  return words;
}

const probeFields = {
  pathId: uint8,
  tokenHigh: uint32,
  tokenLow: uint32,
  stampMicros: uint32,
  sent: uint32,
  received: uint32,
};

const range = fc.option(fc.record({ from: uint16, to: uint16 }));
const rule = fc.record({
  protocol: fc.option(uint8),
  ports: range,
  dscp: fc.option(uint8),
  size: range,
  policy: fc.constantFrom(...POLICIES.map(({ name }) => name)),
});
const wish = fc.record({
  number: uint32,
  wish: fc.record({
    policy: fc.constantFrom(...POLICIES),
    rules: fc.array(rule, { maxLength: MAX_RULES }),
    pathFlags: bytesOf(PATHS_PER_PEER),
  }),
});

/** Whole characters that fit, none of them a control character. A broken one is three bytes when it is written again. */
const refusalText = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((text) => !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= REFUSAL_TEXT_MAX_BYTES / 3);
const refusal = fc.record({ code: uint8, text: refusalText });

/** Written into a place of its own by the code under test. */
function put(bytes: Uint8Array, at: number, whole: Uint8Array): number {
  bytes.set(whole, at);
  return whole.length;
}
const cut = (bytes: Uint8Array, offset: number, length: number) => bytes.slice(offset, offset + length);

export const FORMATS: Record<string, Format<unknown>> = {
  close: format({
    values: uint8,
    write: (b, at, reason) => commands.writeClose(b, at, reason as commands.CloseReason),
    read: (b, at, length) => orNull(commands.readClose(b, at, length)),
  }),
  'call back': format({
    values: fc.record({ pathId: uint8, seconds: uint16 }),
    write: (b, at, { pathId, seconds }) => commands.writeCallBack(b, at, pathId, seconds),
    read: commands.readCallBack,
  }),
  allowance: format({
    values: fc.record({ pathId: uint8, number: uint32, allowedBytes: fc.maxSafeNat() }),
    write: commands.writeAllowance,
    read: commands.readAllowance,
  }),
  'keep-alive': format({
    values: fc.record({ pathId: uint8, stamp: uint32 }),
    write: (b, at, { pathId, stamp }) => writeKeepAlive(b, at, pathId, stamp),
    read: (b, at, length) =>
      isKeepAlive(b, at, length) ? { pathId: keepAlivePathId(b, at), stamp: keepAliveStamp(b, at) } : null,
  }),
  probe: format({
    values: fc.record(probeFields).map((fields) => Object.assign(new Probe(), fields)),
    write: (b, at, probe) => probe.write(b, at),
    read: (b, at, length) => {
      const probe = new Probe();
      return probe.read(b, at, length) ? probe : null;
    },
  }),
  'probe reply': format({
    values: fc.tuple(fc.record(probeFields), observed).map(([fields, words]) => {
      const reply = Object.assign(new ProbeReply(), fields);
      reply.observed.set(words);
      return reply;
    }),
    write: (b, at, reply) => reply.write(b, at),
    read: (b, at, length) => {
      const reply = new ProbeReply();
      return reply.read(b, at, length) ? reply : null;
    },
  }),
  'observed address': format({
    values: observed,
    write: (b, at, words) => writeObserved(b, at, words, 0),
    read: (b, at, length) => {
      const words = new Int32Array(ADDRESS_WORDS);
      return readObserved(b, at, length, words, 0) > 0 ? words : null;
    },
  }),
  preferences: format({
    values: wish as fc.Arbitrary<{ readonly number: number; readonly wish: preferences.Preferences }>,
    write: (b, at, value) => preferences.writePreferences(b, at, value.number, value.wish),
    read: (b, at, length) => preferences.readPreferences(b, at, length, policyNamed('redundant')),
    hasOptions: true,
  }),
  'preferences taken': format({
    values: uint32,
    write: preferences.writePreferencesTaken,
    read: (b, at, length) => orNull(preferences.readPreferencesTaken(b, at, length)),
  }),
  'address request': format({
    values: fc.record({ wanted: uint32, former: uint32 }),
    write: writeAddressRequest,
    read: readAddressRequest,
    hasOptions: true,
  }),
  'address answer': format({
    values: fc.record({
      kind: fc.constant('assigned' as const),
      address: fc.integer({ min: 1, max: 0xffffffff }),
      serverAddress: uint32,
      prefixLength: fc.integer({ min: 1, max: 32 }),
      mtuBytes: fc.integer({ min: 1, max: 0xffff }),
      leaseSeconds: uint32,
      address6: bytesOf(16),
      prefixLength6: fc.nat(128),
      dns: fc.array(uint32, { maxLength: 4 }),
      dns6: fc.array(bytesOf(16), { maxLength: 4 }),
    }),
    write: writeAddressAnswer,
    read: (b, at, length) => {
      const answer = readAddressAnswer(b, at, length);
      return answer?.kind === 'assigned' && answer.address6 !== null
        ? { ...answer, address6: answer.address6 }
        : null;
    },
    hasOptions: true,
  }),
  'address refusal': format({
    values: fc.record({ kind: fc.constant('refused' as const), code: uint8, text: refusalText }),
    write: (b, at, { code, text }) => writeAddressRefusal(b, at, code as 1, text),
    read: (b, at, length) => {
      const answer = readAddressAnswer(b, at, length);
      return answer?.kind === 'refused' ? answer : null;
    },
  }),
  refusal: format({
    values: refusal,
    write: (b, at, { code, text }) => put(b, at, encodeRefusal(code, text)),
    read: (b, at, length) => decodeRefusal(cut(b, at, length)),
    hasOptions: true,
  }),
  'stream stop': format({
    values: fc.record({ channel: uint32, lastNumber: fc.maxSafeNat() }),
    write: streams.writeStop,
    read: streams.readStop,
  }),
  'stream started': format({
    values: uint32,
    write: streams.writeStarted,
    read: (b, at, length) => orNull(streams.readStarted(b, at, length)),
  }),
  'stream terminate': format({
    values: fc.record({ channel: uint32, kind: uint8 }),
    write: streams.writeTerminate,
    read: streams.readTerminate,
  }),
  initiation: format<InitiationPayload>({
    values: fc.record({
      version: fc.constant<number>(1),
      sessionId: fc.integer({ min: 1, max: 0xffffffff }),
      suites: fc.array(uint8, { minLength: 1, maxLength: 8 }),
      counter: fc.maxSafeNat(),
      inviteId: fc.option(bytesOf(8)),
      incarnation: uint32,
    }),
    write: (b, at, payload) => put(b, at, encodeInitiation(payload)),
    read: (b, at, length): InitiationPayload | null => {
      const payload = parseInitiation(cut(b, at, length));
      return payload?.version === 1 ? payload : null;
    },
    hasOptions: true,
  }),
  response: format({
    values: fc.record({
      sessionId: fc.integer({ min: 1, max: 0xffffffff }),
      suite: uint8,
      incarnation: uint32,
    }),
    write: (b, at, payload) => put(b, at, encodeResponse(payload)),
    read: (b, at, length) => {
      const payload = parseResponse(cut(b, at, length));
      return payload === null || 'code' in payload ? null : payload;
    },
    hasOptions: true,
  }),
  'handshake refusal': format({
    values: refusal,
    write: (b, at, payload) => put(b, at, encodeHandshakeRefusal(payload)),
    read: (b, at, length) => {
      const payload = parseResponse(cut(b, at, length));
      return payload !== null && 'code' in payload ? payload : null;
    },
  }),
};
