/** What the server refused, with what to do about it. */
import type { EngineEvent } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import { RefusalCode } from '../proto/session/handshake-payload.ts';
import { AddressRefusalCode } from '../proto/wire/address-message.ts';

const HANDSHAKE_FIXES: Readonly<Record<number, string>> = {
  [RefusalCode.INVITE_USED]:
    'an invite makes one client: get a new one with `resip-vpn invite NAME` on the server',
  [RefusalCode.INVITE_EXPIRED]: 'get a new one with `resip-vpn invite NAME` on the server',
  [RefusalCode.REVOKED]: 'ask the owner of the server',
  [RefusalCode.FULL]: 'try again later, or raise --max-clients on the server',
  [RefusalCode.VERSION]: 'bring client and server to the same version',
};

const ADDRESS_FIXES: Readonly<Record<number, string>> = {
  [AddressRefusalCode.TAKEN]: 'choose another one with --address, or leave it to the server',
  [AddressRefusalCode.OUTSIDE]: 'choose one inside the pool with --address, or leave it to the server',
  [AddressRefusalCode.FULL]: 'give the server a larger --pool',
};

type Refused = Extract<EngineEvent, { kind: 'refused' }>;

/** Codes that the server gives to the same client for ever. */
const FINAL: readonly number[] = [RefusalCode.INVITE_USED, RefusalCode.INVITE_EXPIRED, RefusalCode.REVOKED];

/** Whether the server may think otherwise later: it was full, of another version, or the address was taken. */
export function canHeal({ code, during }: Refused): boolean {
  return during === 'address' || !FINAL.includes(code);
}

/** For the log of a client that goes on asking. */
export function sayRefusal(refused: Refused, wantedAddress: string | undefined): object {
  const { what, cause, fix } = refusal(refused, wantedAddress);
  return { what, why: cause, fix, next: 'it is asked again' };
}

export function refusal({ code, text, during }: Refused, wantedAddress: string | undefined): UserError {
  if (during === 'handshake') {
    return new UserError('the server refused this client', { cause: text, fix: HANDSHAKE_FIXES[code] });
  }
  const what = wantedAddress === undefined ? 'an address' : `the address ${wantedAddress}`;
  return new UserError(`the server refused ${what}`, { cause: text, fix: ADDRESS_FIXES[code] });
}
