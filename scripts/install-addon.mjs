/** After `npm install` of the package: the addon that came with it, or, where that does not load (musl, another processor), one built here. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** In a checkout `npm run setup` builds it. */
if (!existsSync(`${root}/src/main.ts`) && !loads()) {
  process.stderr.write(
    'resip-vpn: building the native addon, for the one of the package does not fit here\n',
  );
  const { status } = spawnSync('node-gyp', ['rebuild', '--directory', `${root}/native`], {
    stdio: 'inherit',
  });
  if (status !== 0) process.stderr.write('resip-vpn: needs a C++ compiler, make and python3\n');
  process.exit(status ?? 1);
}

function loads() {
  try {
    createRequire(import.meta.url)(`${root}/native/prebuilt/linux-${process.arch}/resip.node`);
    return true;
  } catch {
    return false;
  }
}
