import { vi } from 'vitest';

/** There to end a hang: on a busy machine another process takes its seconds. */
const PATIENCE_MS = 20_000;

/** Polls until `look` returns without throwing; fails with its last error. With fake timers, each look turns them on by 20 ms. */
export async function eventually(look: () => unknown): Promise<void> {
  await vi.waitFor(look, { timeout: PATIENCE_MS, interval: 20 });
}
