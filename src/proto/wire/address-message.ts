/**
 * Address request, answer and refusal (command 8), after simplevpn: a bare IPv4 header, then TLVs. PROTOCOL.md §5.
 * Addresses are uint32 (IPv4) or 16 bytes (IPv6).
 */
import { Command } from './commands.ts';
import { readU16, readU32, writeUint } from './integers.ts';
import { checkIp, IPV4_HEADER_BYTES, ipv4Destination, ipv4Source, writeBareIpv4 } from './ip.ts';
import { decodeRefusal, encodeRefusal, REFUSAL_TEXT_MAX_BYTES } from './refusal.ts';
import { TlvReader, writeTlv } from './tlv.ts';

const HEADER = 1;
const OPTIONS = HEADER + IPV4_HEADER_BYTES;
/** Of each family; bounds what a peer can make us keep. */
const DNS_SERVERS_MAX = 4;

const Option = {
  PREFIX_LENGTH: 1,
  MTU: 2,
  IPV6: 3,
  DNS_IPV4: 4,
  DNS_IPV6: 5,
  LEASE_SECONDS: 6,
  REFUSAL: 7,
  FORMER: 8,
} as const;

/** Code of an address refusal. */
export const AddressRefusalCode = { TAKEN: 1, OUTSIDE: 2, FULL: 3 } as const;
export type AddressRefusalCode = (typeof AddressRefusalCode)[keyof typeof AddressRefusalCode];

export interface AddressAnswer {
  readonly kind: 'assigned';
  readonly address: number;
  readonly serverAddress: number;
  readonly prefixLength: number;
  readonly mtuBytes: number;
  readonly leaseSeconds: number;
  /** 16 bytes; null = no IPv6 inside. */
  readonly address6: Uint8Array | null;
  /** 0 without `address6`. */
  readonly prefixLength6: number;
  /** uint32 each, at most 4. */
  readonly dns: readonly number[];
  /** 16 bytes each, at most 4. */
  readonly dns6: readonly Uint8Array[];
}

export interface AddressRefusal {
  readonly kind: 'refused';
  /** `AddressRefusalCode`, or one of a later version. */
  readonly code: number;
  readonly text: string;
}

const DNS_OPTIONS_BYTES = DNS_SERVERS_MAX * (6 + 18);
/** Longest answer or refusal that is ever written, bytes. */
export const ADDRESS_MESSAGE_MAX_BYTES = Math.max(
  OPTIONS + 3 + 4 + 19 + DNS_OPTIONS_BYTES + 6,
  OPTIONS + 3 + REFUSAL_TEXT_MAX_BYTES,
);
/** Longest request, bytes. */
export const ADDRESS_REQUEST_MAX_BYTES = OPTIONS + 6;

/** What a client asks for, uint32 each. */
export interface AddressRequest {
  /** This address and no other; 0 = any. */
  readonly wanted: number;
  /** Of any, rather the one that it had last; 0 = it had none. */
  readonly former: number;
}

/** Needs `ADDRESS_REQUEST_MAX_BYTES` of room; returns the length. */
export function writeAddressRequest(bytes: Uint8Array, at: number, request: AddressRequest): number {
  bytes[at] = Command.ADDRESS;
  let end = at + HEADER + writeBareIpv4(bytes, at + HEADER, request.wanted, 0);
  if (request.former !== 0) end += writeTlv(bytes, end, Option.FORMER, uintValue(request.former, 4));
  return end - at;
}

/** Null when malformed. */
export function readAddressRequest(bytes: Uint8Array, offset: number, length: number): AddressRequest | null {
  if (!isBareHeader(bytes, offset, length) || ipv4Destination(bytes, offset + HEADER) !== 0) return null;
  const options = readOptions(bytes, offset + OPTIONS, length - OPTIONS);
  return options && { wanted: ipv4Source(bytes, offset + HEADER), former: options.former };
}

/** Needs `ADDRESS_MESSAGE_MAX_BYTES` of room; returns the length. */
export function writeAddressAnswer(
  bytes: Uint8Array,
  at: number,
  answer: Omit<AddressAnswer, 'kind'>,
): number {
  bytes[at] = Command.ADDRESS;
  let end = at + HEADER + writeBareIpv4(bytes, at + HEADER, answer.serverAddress, answer.address);
  end += writeTlv(bytes, end, Option.PREFIX_LENGTH, [answer.prefixLength]);
  end += writeTlv(bytes, end, Option.MTU, uintValue(answer.mtuBytes, 2));
  if (answer.address6) end += writeTlv(bytes, end, Option.IPV6, [...answer.address6, answer.prefixLength6]);
  for (const server of answer.dns.slice(0, DNS_SERVERS_MAX)) {
    end += writeTlv(bytes, end, Option.DNS_IPV4, uintValue(server, 4));
  }
  for (const server of answer.dns6.slice(0, DNS_SERVERS_MAX)) {
    end += writeTlv(bytes, end, Option.DNS_IPV6, server);
  }
  end += writeTlv(bytes, end, Option.LEASE_SECONDS, uintValue(answer.leaseSeconds, 4));
  return end - at;
}

/** `text` is cut to `REFUSAL_TEXT_MAX_BYTES`. Returns the length. */
export function writeAddressRefusal(
  bytes: Uint8Array,
  at: number,
  code: AddressRefusalCode,
  text: string,
): number {
  bytes[at] = Command.ADDRESS;
  const end = at + HEADER + writeBareIpv4(bytes, at + HEADER, 0, 0);
  return end - at + writeTlv(bytes, end, Option.REFUSAL, encodeRefusal(code, text));
}

/** Null when malformed, or without the parts that no client can do without (address, prefix length, MTU). */
export function readAddressAnswer(
  bytes: Uint8Array,
  offset: number,
  length: number,
): AddressAnswer | AddressRefusal | null {
  if (!isBareHeader(bytes, offset, length)) return null;
  const options = readOptions(bytes, offset + OPTIONS, length - OPTIONS);
  if (options === null) return null;
  const address = ipv4Destination(bytes, offset + HEADER);
  const { refusal, former: _, ...found } = options;
  if (address === 0) return refusal;
  if (found.prefixLength === 0 || found.mtuBytes === 0) return null;
  return { kind: 'assigned', address, serverAddress: ipv4Source(bytes, offset + HEADER), ...found };
}

function isBareHeader(bytes: Uint8Array, offset: number, length: number): boolean {
  return length >= OPTIONS && checkIp(bytes, offset + HEADER, IPV4_HEADER_BYTES) === 4;
}

/** Options of a wrong length make the message malformed; unknown ones are skipped. */
function readOptions(bytes: Uint8Array, offset: number, length: number) {
  const found = {
    prefixLength: 0,
    mtuBytes: 0,
    leaseSeconds: 0,
    address6: null as Uint8Array | null,
    prefixLength6: 0,
    dns: [] as number[],
    dns6: [] as Uint8Array[],
    refusal: null as AddressRefusal | null,
    former: 0,
  };
  const reader = new TlvReader();
  reader.reset(bytes, offset, length);
  while (reader.next()) {
    const at = reader.valueOffset;
    const size = reader.valueLength;
    if (!hasRightLength(reader.type, size)) return null;
    switch (reader.type) {
      case Option.PREFIX_LENGTH:
        found.prefixLength = bytes[at];
        break;
      case Option.MTU:
        found.mtuBytes = readU16(bytes, at);
        break;
      case Option.IPV6:
        found.address6 = bytes.slice(at, at + 16);
        found.prefixLength6 = bytes[at + 16];
        break;
      case Option.DNS_IPV4:
        if (found.dns.length < DNS_SERVERS_MAX) found.dns.push(readU32(bytes, at));
        break;
      case Option.DNS_IPV6:
        if (found.dns6.length < DNS_SERVERS_MAX) found.dns6.push(bytes.slice(at, at + 16));
        break;
      case Option.LEASE_SECONDS:
        found.leaseSeconds = readU32(bytes, at);
        break;
      case Option.REFUSAL:
        found.refusal = readRefusal(bytes.subarray(at, at + size));
        break;
      case Option.FORMER:
        found.former = readU32(bytes, at);
        break;
    }
  }
  const prefixesFit = found.prefixLength <= 32 && found.prefixLength6 <= 128;
  return reader.ok && prefixesFit ? found : null;
}

function readRefusal(value: Uint8Array): AddressRefusal | null {
  const refusal = decodeRefusal(value);
  return refusal && { kind: 'refused', ...refusal };
}

/** Bytes of a known option's value; options of any length and those of later versions are absent. */
const VALUE_BYTES: Readonly<Record<number, number>> = {
  [Option.PREFIX_LENGTH]: 1,
  [Option.MTU]: 2,
  [Option.IPV6]: 17,
  [Option.DNS_IPV4]: 4,
  [Option.DNS_IPV6]: 16,
  [Option.LEASE_SECONDS]: 4,
  [Option.FORMER]: 4,
};

function hasRightLength(type: number, length: number): boolean {
  const wanted = VALUE_BYTES[type];
  return wanted === undefined || wanted === length;
}

function uintValue(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  writeUint(bytes, 0, value, size);
  return bytes;
}
