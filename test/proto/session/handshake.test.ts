/** Initiator and responder, end to end. */
import { describe, expect, it } from 'vitest';
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import { RefusalCode } from '../../../src/proto/session/handshake-payload.ts';
import { type InitiationOptions, Initiator } from '../../../src/proto/session/initiator.ts';
import { deriveInviteId, deriveInvitePsk, NO_PSK } from '../../../src/proto/session/invite-keys.ts';
import { type Initiation, initiationCookie, Responder } from '../../../src/proto/session/responder.ts';
import { fixedRandom, flipped, hex, seededRandom } from '../bytes.ts';
import { refusalText, vectors } from './vectors.ts';

const primitives = await loadPrimitives();
const { client, server, invite, message1, message2 } = vectors;
const options: InitiationOptions = { ...client, inviteId: invite.id };
const choice = { sessionId: server.sessionId, suite: server.suite };

function initiator(psk = invite.psk): Initiator {
  return new Initiator(primitives, { privateKey: client.privateKey, serverPublicKey: server.publicKey, psk });
}

const responder = new Responder(primitives, server.privateKey);

function read(plaintext: Uint8Array): Initiation {
  const initiation = responder.readInitiation(plaintext);
  if (typeof initiation === 'string') throw new Error(initiation);
  return initiation;
}

function started() {
  const side = initiator();
  return { side, plaintext: side.start(options, fixedRandom(client.ephemeral)) };
}

describe('handshake', () => {
  it('is that of the vectors, from invite secret to session keys', () => {
    expect(hex(deriveInviteId(primitives, invite.secret))).toBe(hex(invite.id));
    expect(hex(deriveInvitePsk(primitives, invite.secret))).toBe(hex(invite.psk));
    const { side, plaintext } = started();
    expect(hex(plaintext)).toBe('00'.repeat(16) + hex(message1.noise));
    const initiation = read(plaintext);
    expect(initiation.clientPublicKey).toEqual(client.publicKey);
    expect(initiation.ephemeral).toEqual(message1.noise.subarray(0, 32));
    expect(initiation.payload).toEqual({
      version: 1,
      sessionId: client.sessionId,
      suites: client.suites,
      counter: client.counter,
      inviteId: invite.id,
      incarnation: 0,
    });
    const { message, keys } = responder.respond(
      initiation,
      invite.psk,
      choice,
      fixedRandom(server.ephemeral),
    );
    expect(hex(message)).toBe(hex(message2.noise));
    const up = { sealKey: vectors.clientToServer.key, sealIv: vectors.clientToServer.iv };
    const down = { openKey: vectors.serverToClient.key, openIv: vectors.serverToClient.iv };
    expect(side.finish(message)).toEqual({
      kind: 'established',
      ...choice,
      incarnation: 0,
      keys: { ...up, ...down },
    });
    expect(keys).toEqual({
      sealKey: down.openKey,
      sealIv: down.openIv,
      openKey: up.sealKey,
      openIv: up.sealIv,
    });
  });

  it('works without an invite, under the empty psk', () => {
    const side = initiator(NO_PSK);
    const initiation = read(side.start({ ...options, inviteId: undefined }, seededRandom(1)));
    expect(initiation.payload.inviteId).toBeNull();
    const { message, keys } = responder.respond(initiation, NO_PSK, choice, seededRandom(2));
    expect(side.finish(message)).toMatchObject({ keys: { openKey: keys.sealKey, sealKey: keys.openKey } });
  });

  it('keeps waiting after false answers, and takes the right one once', () => {
    const { side, plaintext } = started();
    const { message } = responder.respond(read(plaintext), invite.psk, choice, seededRandom(2));
    const stranger = responder.respond(read(plaintext), NO_PSK, choice, seededRandom(3));
    expect(side.finish(new Uint8Array(0))).toBeNull();
    expect(side.finish(flipped(message, 400))).toBeNull();
    expect(side.finish(stranger.message)).toBeNull();
    expect(side.finish(message)).toMatchObject({ kind: 'established' });
    expect(side.finish(message)).toBeNull();
  });

  it('takes no answer to an initiation that was replaced or abandoned', () => {
    const { side, plaintext } = started();
    const { message } = responder.respond(read(plaintext), invite.psk, choice, seededRandom(2));
    side.start({ ...options, counter: client.counter + 1 }, seededRandom(4));
    expect(side.finish(message)).toBeNull();
    side.abandon();
    expect(side.finish(message)).toBeNull();
  });

  it('takes no suite that was not offered', () => {
    const side = initiator();
    const plaintext = side.start({ ...options, suites: [1] }, seededRandom(1));
    const { message } = responder.respond(read(plaintext), invite.psk, choice, seededRandom(2));
    expect(side.finish(message)).toBeNull();
  });

  it('ends with a refusal that the client can read', () => {
    const { side, plaintext } = started();
    const random = fixedRandom(server.ephemeral);
    const message = responder.refuse(
      read(plaintext),
      invite.psk,
      RefusalCode.INVITE_EXPIRED,
      refusalText,
      random,
    );
    expect(hex(message)).toBe(hex(vectors.refusal.noise));
    expect(side.finish(message)).toEqual({ kind: 'refused', code: 2, text: refusalText });
  });

  it('carries the cookie in front of the same message', () => {
    const { side, plaintext } = started();
    const cookie = new Uint8Array(16).fill(7);
    const again = side.withCookie(cookie);
    expect(initiationCookie(plaintext)).toEqual(new Uint8Array(16));
    expect(initiationCookie(again)).toEqual(cookie);
    expect(initiationCookie(again.subarray(0, 15))).toBeNull();
    expect(read(again).ephemeral).toEqual(read(plaintext).ephemeral);
    const { message } = responder.respond(read(again), invite.psk, choice, seededRandom(2));
    expect(side.finish(message)).toMatchObject({ kind: 'established' });
  });

  it('gives fresh keys each time', () => {
    const random = seededRandom(5);
    const side = initiator();
    const seen = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const initiation = read(side.start({ ...options, counter: round }, random));
      const { message, keys } = responder.respond(initiation, invite.psk, choice, random);
      expect(side.finish(message)).toMatchObject({ kind: 'established' });
      for (const secret of [keys.sealKey, keys.openKey]) seen.add(hex(secret));
    }
    expect(seen.size).toBe(8);
  });
});

describe('an initiation', () => {
  it('that is cut, changed or meant for another server is not authentic', () => {
    const { plaintext } = started();
    for (const length of [0, 15, 16, 47, 95, 111, plaintext.length - 1]) {
      expect(responder.readInitiation(plaintext.subarray(0, length))).toBe('not-authentic');
    }
    for (let bit = 16 * 8; bit < plaintext.length * 8; bit += 7) {
      expect(responder.readInitiation(flipped(plaintext, bit)), `bit ${bit}`).toBe('not-authentic');
    }
    const other = new Responder(primitives, client.ephemeral);
    expect(other.readInitiation(plaintext)).toBe('not-authentic');
  });

  it('with a payload that makes no sense is malformed', () => {
    const side = initiator();
    expect(responder.readInitiation(side.start({ ...options, sessionId: 0 }, seededRandom(1)))).toBe(
      'malformed',
    );
  });
});
