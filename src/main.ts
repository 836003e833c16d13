#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// Loading the modules makes garbage: the nursery would grow to 16 MB for it, and keep them. This has to come before.
setFlagsFromString('--semi-space-growth-factor=1');
const { run } = await import('./cli/run.ts');

// Whoever reads along may leave: `resip-vpn status | head`, or a terminal that was closed.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

// Nothing that is still open may keep a finished program alive; writes to pipes and files are done by now.
process.exit(await run(process.argv.slice(2)));
