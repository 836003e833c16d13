/** What outlives the server's process: clients and invites as they come from, and go to, the disk. */

export interface ClientState {
  readonly publicKey: Uint8Array;
  readonly name: string;
  readonly psk: Uint8Array;
  readonly counter: number;
  readonly revoked: boolean;
  /** uint32, 0 = none. */
  readonly address: number;
  readonly isStatic: boolean;
  /** The owner of the server chose the address. */
  readonly isFixed: boolean;
  /** How long ago the client was last heard; its lease ages from there. */
  readonly silentMs: number;
}

export interface InviteState {
  readonly id: Uint8Array;
  readonly name: string;
  readonly psk: Uint8Array;
  readonly expiresInMs: number;
  /** Public key, base64; null = not used yet. */
  readonly usedBy: string | null;
}
