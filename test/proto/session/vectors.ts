/** `test/vectors/handshake.json`: one handshake, byte for byte, from an implementation that shares no code with ours. */
import { readFileSync } from 'node:fs';
import { unhex } from '../bytes.ts';

const json = JSON.parse(readFileSync(new URL('../../vectors/handshake.json', import.meta.url), 'utf8'));

type Bytes<T> = T extends string ? Uint8Array : T extends object ? { [K in keyof T]: Bytes<T[K]> } : T;

/** Strings that are hex become bytes. */
function decode<T>(value: T): Bytes<T> {
  if (typeof value === 'string') return (/^([0-9a-f]{2})+$/.test(value) ? unhex(value) : value) as Bytes<T>;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value as Bytes<T>;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decode(part)])) as Bytes<T>;
}

interface Keys {
  key: string;
  iv: string;
}

interface Message {
  payload: string;
  noise: string;
  nonce: string;
  datagram: string;
  masked: string;
}

interface Side {
  privateKey: string;
  publicKey: string;
  ephemeral: string;
  sessionId: number;
}

interface Vectors {
  networkKey: string;
  maskKey: string;
  handshakeKey: string;
  invite: { secret: string; id: string; psk: string };
  client: Side & { suites: (1 | 2)[]; counter: number };
  server: Side & { suite: 1 | 2 };
  message1: Message;
  message2: Message;
  refusal: { code: 2; noise: string };
  handshakeHash: string;
  k1: string;
  k2: string;
  clientToServer: Keys;
  serverToClient: Keys;
}

export const vectors = decode(json as Vectors);
export const refusalText: string = json.refusal.text;
