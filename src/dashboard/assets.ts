/** The files of the page, as they were built, and the chart library from its own package. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../package-root.ts';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const HTML = 'text/html';
const CSS = 'text/css';
const SCRIPT = 'text/javascript';

/** Name below the page, type, file below `page/`. */
const FILES = [
  ['', HTML, 'index.html'],
  ['page.css', CSS, 'page.css'],
  ['icon.svg', 'image/svg+xml', 'icon.svg'],
  ['format.js', SCRIPT, '../../format.js'],
  ['path-label.js', SCRIPT, '../../metrics/path-label.js'],
  ...['main', 'charts', 'dom', 'overview', 'path-cards', 'peer-view', 'store', 'theme'].map(
    (name) => [`${name}.js`, SCRIPT, `${name}.js`] as const,
  ),
] as const;

const LIBRARY = [
  ['uplot.js', SCRIPT, 'uPlot.esm.js'],
  ['uplot.css', CSS, 'uPlot.min.css'],
] as const;

export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const page = fileURLToPath(new URL('dist/dashboard/page/', PACKAGE_ROOT));
  const library = dirname(createRequire(new URL('package.json', PACKAGE_ROOT)).resolve('uplot'));
  const load = async (directory: string, files: typeof FILES | typeof LIBRARY) =>
    Promise.all(
      files.map(
        async ([name, type, file]) => [name, { type, body: await readFile(join(directory, file)) }] as const,
      ),
    );
  return new Map([...(await load(page, FILES)), ...(await load(library, LIBRARY))]);
}
