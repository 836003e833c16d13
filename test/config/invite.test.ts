import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatInvite, type Invite, parseInvite } from '../../src/config/invite.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const invites: fc.Arbitrary<Invite> = fc.record({
  endpoint: fc.record({
    host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port: fc.integer({ min: 1, max: 65_535 }),
  }),
  serverPublicKey: key,
  networkKey: key,
  secret: key,
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
});

const example = formatInvite({
  endpoint: { host: '2001:db8::1', port: 4600 },
  serverPublicKey: new Uint8Array(32).fill(1),
  networkKey: new Uint8Array(32).fill(2),
  secret: new Uint8Array(32).fill(3),
  name: 'laptop',
});

test('what was issued is read back', () => {
  fc.assert(
    fc.property(invites, (invite) => {
      expect(parseInvite(formatInvite(invite))).toEqual(invite);
    }),
  );
});

test('it is one line, and IPv6 hosts stand in brackets', () => {
  expect(example).toMatch(/^resip:\/\/\[2001:db8::1\]:4600\/#[A-Za-z0-9_-]+$/);
});

test('blanks around a pasted line are no matter, nor is a mail that wraps it', () => {
  expect(parseInvite(`  ${example}\n`)).toHaveProperty('name', 'laptop');
  expect(parseInvite(example.replace(/.{60}/g, '$&\r\n  '))).toHaveProperty('name', 'laptop');
});

test('a paste that lost its end is said to be cut short, wherever it was cut', () => {
  const body = example.indexOf('#') + 1;
  for (let length = body; length < example.length; length++)
    expect(parseInvite(example.slice(0, length)), `cut at ${length}`).toContain('copy');
  expect(parseInvite(example.slice(0, -20))).toContain('cut short');
  expect(parseInvite(example.slice(0, body - 1))).toContain('after the #');
});

test('only a whole one is believed to be of another version', () => {
  const at = example.indexOf('#') + 1;
  const head = example.slice(0, at);
  const mangled = `${head}AA${example.slice(at + 2)}`;
  expect(parseInvite(mangled)).toContain('changed');
  expect(parseInvite(mangled.slice(0, -20))).toContain('cut short');
  const bytes = Buffer.from(example.slice(at), 'base64url');
  bytes[0] = 2;
  const sum = createHash('sha256').update('[2001:db8::1]:4600\n').update(bytes.subarray(0, -4)).digest();
  sum.copy(bytes, bytes.length - 4, 0, 4);
  expect(parseInvite(head + bytes.toString('base64url'))).toContain('this one is of version 2');
});

test('no changed character goes unnoticed', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const body = example.indexOf('#') + 1;
  fc.assert(
    fc.property(
      fc.integer({ min: body, max: example.length - 1 }),
      fc.constantFrom(...alphabet),
      (at, character) => {
        fc.pre(example[at] !== character);
        expect(typeof parseInvite(example.slice(0, at) + character + example.slice(at + 1))).toBe('string');
      },
    ),
    { numRuns: 500 },
  );
});

test('a mistyped endpoint goes not unnoticed either', () => {
  expect(parseInvite(example.replace('4600', '4601'))).toContain('changed');
});

test('other text is told what an invite looks like', () => {
  expect(parseInvite('https://example.org/')).toContain('resip://');
  expect(parseInvite('')).toContain('resip://');
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(typeof parseInvite(text)).toBe('string');
    }),
  );
});
