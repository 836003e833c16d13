/**
 * An invite: one line that makes a new client.
 *
 *   resip://HOST:PORT/#base64url( version 1 ‖ server public key 32 ‖ network key 32 ‖ secret 32 ‖ name length 1 ‖ name ‖ check 4 )
 *
 * The check is the head of SHA-256 over `HOST:PORT` and everything before it: a paste that lost its end, or a mistyped
 * endpoint, is told from a good one without asking the server. It protects against accidents only.
 */
import { createHash } from 'node:crypto';
import { type Endpoint, formatEndpoint, parseClientName, parseEndpoint } from './units.ts';

export interface Invite {
  readonly endpoint: Endpoint;
  /** 32 bytes each. */
  readonly serverPublicKey: Uint8Array;
  readonly networkKey: Uint8Array;
  /** One-time secret: pre-shared key and invite id derive from it (PROTOCOL.md §4). */
  readonly secret: Uint8Array;
  readonly name: string;
}

const VERSION = 1;
const KEY_BYTES = 32;
const NAME_LENGTH_AT = 1 + 3 * KEY_BYTES;
const CHECK_BYTES = 4;
/** Longer text is no invite: endpoint 260, body 228 characters. */
const MAX_TEXT_LENGTH = 600;

export function formatInvite(invite: Invite): string {
  const endpoint = formatEndpoint(invite.endpoint);
  const name = Buffer.from(invite.name, 'ascii');
  const body = Buffer.concat([
    Uint8Array.of(VERSION),
    invite.serverPublicKey,
    invite.networkKey,
    invite.secret,
    Uint8Array.of(name.length),
    name,
  ]);
  return `resip://${endpoint}/#${Buffer.concat([body, check(endpoint, body)]).toString('base64url')}`;
}

/** The invite, or what is wrong with the text, as the end of a sentence that begins with "an invite". */
export function parseInvite(text: string): Invite | string {
  // Mail and terminals wrap long lines.
  const line = text.replace(/\s+/g, '');
  const match = /^resip:\/\/([^/#]*)\/?#([^#]*)$/.exec(line);
  if (!match || line.length > MAX_TEXT_LENGTH) {
    return line.startsWith('resip://')
      ? 'that goes on after the #: quote it for the shell and copy the whole line'
      : 'that begins with resip://';
  }
  const endpoint = parseEndpoint(match[1]);
  if (endpoint === undefined) return 'with HOST:PORT before the #';
  if (!/^[A-Za-z0-9_-]*$/.test(match[2])) return 'with nothing but letters, digits, - and _ after the #';
  const bytes = Buffer.from(match[2], 'base64url');
  const body = bytes.subarray(0, -CHECK_BYTES);
  const isIntact =
    bytes.toString('base64url') === match[2] &&
    check(formatEndpoint(endpoint), body).equals(bytes.subarray(-CHECK_BYTES));
  // What it says of itself counts only when it is whole.
  if (!isIntact) return damage(bytes);
  if (body[0] !== VERSION)
    return `of version ${VERSION}: this one is of version ${body[0]} and wants another resip-vpn`;
  const name = parseClientName(body.toString('latin1', NAME_LENGTH_AT + 1));
  if (name === undefined || body.length !== bodyBytes(body)) return damage(bytes);
  const key = (index: number) =>
    new Uint8Array(body.subarray(1 + index * KEY_BYTES, 1 + (index + 1) * KEY_BYTES));
  return { endpoint, serverPublicKey: key(0), networkKey: key(1), secret: key(2), name };
}

function damage(bytes: Uint8Array): string {
  return bytes.length < bodyBytes(bytes) + CHECK_BYTES
    ? 'in full length: this one is cut short, copy the whole line'
    : 'as it was issued: a character of this one has changed, copy the whole line again';
}

/** By the name's length, where that has come. */
function bodyBytes(bytes: Uint8Array): number {
  return NAME_LENGTH_AT + 1 + (bytes[NAME_LENGTH_AT] ?? 0);
}

function check(endpoint: string, body: Uint8Array): Buffer {
  return createHash('sha256').update(`${endpoint}\n`).update(body).digest().subarray(0, CHECK_BYTES);
}
