/** Shapes of what is kept on disk. Unknown keys are dropped: a newer version's files can be read by an older one. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { parseClientName } from '../config/units.ts';
import type { ClientRecord, InviteRecord } from '../engine/messages.ts';

/** Base64 of exactly so many bytes. */
function bytes(count: number) {
  return z
    .string()
    .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'not base64')
    .refine((text) => Buffer.from(text, 'base64').length === count, `not ${count} bytes`);
}

export const keySchema = bytes(32);
export const inviteIdSchema = bytes(8);
export const nameSchema = z.string().refine((text) => parseClientName(text) !== undefined, 'not a name');

/** Whole, and exact as a JavaScript number. */
export const countSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const clientRecordSchema: z.ZodType<ClientRecord> = z.object({
  publicKey: keySchema,
  name: nameSchema,
  psk: keySchema,
  counter: countSchema,
  address: z.string().refine(isIPv4, 'not an IPv4 address').optional(),
  isStatic: z.boolean().optional(),
  isFixed: z.boolean().optional(),
  lastSeenMs: z.number().finite(),
  revoked: z.boolean().optional(),
});

export const inviteRecordSchema: z.ZodType<InviteRecord> = z.object({
  id: inviteIdSchema,
  name: nameSchema,
  psk: keySchema,
  expiresMs: countSchema,
  usedBy: keySchema.optional(),
});
