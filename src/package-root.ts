/** Where the package lies: the folder of package.json. A bundled module is no longer where its source was, so everything is found from here. */
import { existsSync } from 'node:fs';

/** With a slash at its end: `new URL('scripts/nat.sh', PACKAGE_ROOT)`. */
export const PACKAGE_ROOT = find(new URL('./', import.meta.url));

function find(folder: URL): URL {
  return existsSync(new URL('package.json', folder)) ? folder : find(new URL('../', folder));
}
