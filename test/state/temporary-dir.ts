/** A directory of a test's own, deleted after it. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from '../eventually.ts';

export function temporaryDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'resip-test-'));
  // A daemon that the test leaves behind may still write into it.
  onTestFinished(() => eventually(() => rm(path, { recursive: true, force: true })));
  return path;
}
