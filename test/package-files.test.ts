/** What is called at run time has to come with the package: a script that is missing there fails on every machine but the developer's. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const { files } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as { files: string[] };

it('every script that the program calls is in the package', () => {
  const sources = readdirSync(resolve(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const called = sources.flatMap((name) =>
    [...readFileSync(resolve(ROOT, 'src', name), 'utf8').matchAll(/'(?:scripts\/)?([\w-]+\.sh)'/g)].map(
      ([, script]) => `scripts/${script}`,
    ),
  );
  expect(called.length).toBeGreaterThan(3);
  expect(called.filter((script) => !files.includes(script))).toEqual([]);
});
