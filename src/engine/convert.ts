/** Between the plain text of messages and the raw bytes of the core. */

import type { ClientState, InviteState } from '../proto/client-state.ts';
import { ADDRESS_WORDS } from '../proto/packet-batch.ts';
import { formatIpv4, parseIpv4, parseIpv6 } from '../proto/wire/ip-text.ts';
import { parseAddress } from '../udp/address.ts';
import type { ClientRecord, InviteRecord, SocketAddress } from './messages.ts';

/** Throws a plain Error: main has resolved the name before. */
export function endpointWords({ address, port }: SocketAddress): Int32Array {
  const words = new Int32Array(ADDRESS_WORDS);
  if (!parseAddress(address, port, words)) throw new Error(`not a socket address: ${address} port ${port}`);
  return words;
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** `nowMs`: milliseconds since the epoch. */
export function clientState(record: ClientRecord, nowMs: number): ClientState {
  return {
    publicKey: fromBase64(record.publicKey),
    name: record.name,
    psk: fromBase64(record.psk),
    counter: record.counter,
    revoked: record.revoked ?? false,
    address: record.address === undefined ? 0 : parseIpv4(record.address),
    isStatic: record.isStatic ?? false,
    isFixed: record.isFixed ?? false,
    silentMs: Math.max(0, nowMs - record.lastSeenMs),
  };
}

export function clientRecord(state: ClientState, nowMs: number): ClientRecord {
  return {
    publicKey: toBase64(state.publicKey),
    name: state.name,
    psk: toBase64(state.psk),
    counter: state.counter,
    ...(state.address === 0 ? {} : { address: formatIpv4(state.address), isStatic: state.isStatic }),
    ...(state.isFixed ? { isFixed: true } : {}),
    lastSeenMs: Math.round(nowMs - state.silentMs),
    ...(state.revoked ? { revoked: true } : {}),
  };
}

export function inviteState(record: InviteRecord, nowMs: number): InviteState {
  return {
    id: fromBase64(record.id),
    name: record.name,
    psk: fromBase64(record.psk),
    expiresInMs: record.expiresMs === 0 ? Number.POSITIVE_INFINITY : record.expiresMs - nowMs,
    usedBy: record.usedBy ?? null,
  };
}

/** Throws a plain Error: main has checked the text before. */
export function pool6(text: string | undefined) {
  if (text === undefined) return null;
  const [address, length] = text.split('/');
  const prefix = parseIpv6(address);
  if (prefix === null || !(Number(length) <= 96))
    throw new Error(`not an IPv6 network of at most /96: ${text}`);
  return { prefix, prefixLength: Number(length) };
}
