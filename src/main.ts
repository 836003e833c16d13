#!/usr/bin/env node
import { run } from './cli/run.ts';

// Whoever reads along may leave: `resip-vpn status | head`, or a terminal that was closed.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

// Nothing that is still open may keep a finished program alive; writes to pipes and files are done by now.
process.exit(await run(process.argv.slice(2)));
