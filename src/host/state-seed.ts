/** A number that tells the instances on a machine apart: their state directories differ. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';

/** 24 bits. */
export function stateSeed(stateDir: string): number {
  return createHash('sha256').update(resolve(stateDir)).digest().readUIntBE(0, 3);
}
