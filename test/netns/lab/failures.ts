/** A test that fails says what the product said. */
import { afterEach } from 'vitest';
import type { Vpn } from './vpn.ts';

/** After each failed test of this file: log and status of every daemon, and what the links did. */
export function explainFailures(vpn: () => Vpn | undefined): void {
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.log(await vpn()?.describe());
  });
}
