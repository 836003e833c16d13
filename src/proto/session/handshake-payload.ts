/** The TLV payloads inside Noise messages 1 and 2. PROTOCOL.md §4. Parsing never throws. */
import { readU32, readUint, writeUint } from '../wire/integers.ts';
import { decodeRefusal, encodeRefusal, REFUSAL_TEXT_MAX_BYTES } from '../wire/refusal.ts';
import { TlvReader, writeTlv } from '../wire/tlv.ts';
import { INVITE_ID_BYTES } from './invite-keys.ts';

export const HANDSHAKE_VERSION = 1;
/** What this program still speaks; each version up to `HANDSHAKE_VERSION` is meant. */
const OLDEST_VERSION = 1;

const Field = {
  VERSION: 1,
  SESSION_ID: 2,
  SUITES: 3,
  COUNTER: 4,
  INVITE_ID: 5,
  REFUSAL: 6,
  PADDING: 7,
  INCARNATION: 8,
  OLDEST_VERSION: 9,
} as const;

const TLV_HEADER_BYTES = 2;
const SUITES_MAX = 8;
const RESPONSE_MAX_BYTES = 3 + 6 + 6 + TLV_HEADER_BYTES + 1 + REFUSAL_TEXT_MAX_BYTES;
/** Every initiation payload is padded to this: nobody sees an invite in its length, and with the longer message 1
 * around it an initiation is never shorter than any answer to it. */
export const INITIATION_PAYLOAD_BYTES = 96;

/** Code of a handshake refusal. */
export const RefusalCode = {
  INVITE_USED: 1,
  INVITE_EXPIRED: 2,
  REVOKED: 3,
  FULL: 4,
  VERSION: 5,
} as const;
export type RefusalCode = (typeof RefusalCode)[keyof typeof RefusalCode];

export interface InitiationPayload {
  /** The one to speak, `chooseVersion`; when it is not `HANDSHAKE_VERSION`, only `sessionId` can be relied on: refuse with `RefusalCode.VERSION`. */
  readonly version: number;
  /** uint32, not 0: where the client wants to receive. */
  readonly sessionId: number;
  /** Suites of the client, best first; unknown numbers are possible. */
  readonly suites: readonly number[];
  /** 0..2^53 - 1. */
  readonly counter: number;
  /** 8 bytes, on first contact. */
  readonly inviteId: Uint8Array | null;
  /** uint32: which life of the sender this is; its channels are those of that life. 0 = it has none. */
  readonly incarnation: number;
}

export interface ResponsePayload {
  readonly sessionId: number;
  readonly suite: number;
  /** uint32, as in the initiation. */
  readonly incarnation: number;
}

export interface RefusalPayload {
  /** `RefusalCode`, or one of a later version. */
  readonly code: number;
  readonly text: string;
}

/** Always `INITIATION_PAYLOAD_BYTES` long. At most 8 suites, best first; more are cut off. */
export function encodeInitiation(payload: Omit<InitiationPayload, 'version'>): Uint8Array {
  const bytes = new Uint8Array(INITIATION_PAYLOAD_BYTES);
  let at = writeTlv(bytes, 0, Field.VERSION, [HANDSHAKE_VERSION]);
  at += writeTlv(bytes, at, Field.SESSION_ID, uint(payload.sessionId, 4));
  at += writeTlv(bytes, at, Field.SUITES, payload.suites.slice(0, SUITES_MAX));
  at += writeTlv(bytes, at, Field.COUNTER, uint(payload.counter, 8));
  if (payload.inviteId) at += writeTlv(bytes, at, Field.INVITE_ID, payload.inviteId);
  if (payload.incarnation !== 0) at += writeTlv(bytes, at, Field.INCARNATION, uint(payload.incarnation, 4));
  writeTlv(bytes, at, Field.PADDING, new Uint8Array(bytes.length - at - TLV_HEADER_BYTES));
  return bytes;
}

/** Null when malformed, without version or session id, or (version 1) without suites or counter. */
export function parseInitiation(bytes: Uint8Array): InitiationPayload | null {
  const fields = parseFields(bytes);
  if (fields === null || fields.version === 0 || fields.sessionId === 0) return null;
  const { sessionId, suites, inviteId, incarnation, oldestVersion = fields.version } = fields;
  if (oldestVersion === 0 || oldestVersion > fields.version) return null;
  const version = chooseVersion(fields.version, oldestVersion) || fields.version;
  const complete = suites.length > 0 && fields.counter !== null;
  if (version === HANDSHAKE_VERSION && !complete) return null;
  return { version, sessionId, suites, counter: fields.counter ?? 0, inviteId, incarnation };
}

export function encodeResponse(payload: ResponsePayload): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_MAX_BYTES);
  let at = writeTlv(bytes, 0, Field.VERSION, [HANDSHAKE_VERSION]);
  at += writeTlv(bytes, at, Field.SESSION_ID, uint(payload.sessionId, 4));
  at += writeTlv(bytes, at, Field.SUITES, [payload.suite]);
  if (payload.incarnation !== 0) at += writeTlv(bytes, at, Field.INCARNATION, uint(payload.incarnation, 4));
  return bytes.subarray(0, at);
}

/** `text` is cut to 120 bytes of UTF-8. */
export function encodeHandshakeRefusal(refusal: RefusalPayload): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_MAX_BYTES);
  let at = writeTlv(bytes, 0, Field.VERSION, [HANDSHAKE_VERSION]);
  at += writeTlv(bytes, at, Field.REFUSAL, encodeRefusal(refusal.code, refusal.text));
  return bytes.subarray(0, at);
}

/** Null when malformed; a refusal counts in any version. */
export function parseResponse(bytes: Uint8Array): ResponsePayload | RefusalPayload | null {
  const fields = parseFields(bytes);
  if (fields === null) return null;
  if (fields.refusal !== null) return fields.refusal;
  const complete = fields.sessionId !== 0 && fields.suites.length === 1;
  if (fields.version !== HANDSHAKE_VERSION || !complete) return null;
  return { sessionId: fields.sessionId, suite: fields.suites[0], incarnation: fields.incarnation };
}

/** The newest version that both speak, when the other speaks those from `oldest` to `newest`; 0 = none. */
export function chooseVersion(newest: number, oldest: number): number {
  const version = Math.min(newest, HANDSHAKE_VERSION);
  return version >= Math.max(oldest, OLDEST_VERSION) ? version : 0;
}

/** The first suite of `offered` that is also in `supported`; 0 = none in common. */
export function chooseSuite(offered: readonly number[], supported: readonly number[]): number {
  return offered.find((suite) => supported.includes(suite)) ?? 0;
}

/** Null when a known field has a wrong length or value; unknown ones are skipped. */
function parseFields(bytes: Uint8Array) {
  const fields = {
    version: 0,
    oldestVersion: undefined as number | undefined,
    sessionId: 0,
    suites: [] as number[],
    counter: null as number | null,
    inviteId: null as Uint8Array | null,
    refusal: null as RefusalPayload | null,
    incarnation: 0,
  };
  const reader = new TlvReader();
  reader.reset(bytes, 0, bytes.length);
  while (reader.next()) {
    const value = bytes.subarray(reader.valueOffset, reader.valueOffset + reader.valueLength);
    switch (reader.type) {
      case Field.VERSION:
        if (value.length !== 1) return null;
        fields.version = value[0];
        break;
      case Field.OLDEST_VERSION:
        if (value.length !== 1) return null;
        fields.oldestVersion = value[0];
        break;
      case Field.SESSION_ID:
        if (value.length !== 4) return null;
        fields.sessionId = readU32(value, 0);
        break;
      case Field.SUITES:
        fields.suites = Array.from(value.subarray(0, SUITES_MAX));
        break;
      case Field.COUNTER:
        if (value.length !== 8 || readUint(value, 0, 8) > Number.MAX_SAFE_INTEGER) return null;
        fields.counter = readUint(value, 0, 8);
        break;
      case Field.INVITE_ID:
        if (value.length !== INVITE_ID_BYTES) return null;
        fields.inviteId = value.slice();
        break;
      case Field.INCARNATION:
        if (value.length !== 4) return null;
        fields.incarnation = readU32(value, 0);
        break;
      case Field.REFUSAL:
        fields.refusal = decodeRefusal(value);
        if (fields.refusal === null) return null;
        break;
    }
  }
  return reader.ok ? fields : null;
}

function uint(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  writeUint(bytes, 0, value, size);
  return bytes;
}
