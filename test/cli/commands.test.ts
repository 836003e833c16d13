/** The list of verbs says what their modules say. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nameOf, VERBS } from '../../src/cli/commands.ts';

test.each(VERBS.map((verb) => [nameOf(verb), verb] as const))('%s', async (_, verb) => {
  const { command, describe } = await verb.load();
  expect({ command, describe }).toEqual({ command: verb.command, describe: verb.describe });
});

test('no verb is forgotten', () => {
  const folder = new URL('../../src/cli/', import.meta.url);
  const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const made = texts.flatMap((text) => [
    ...text.matchAll(/export const \w+Command: CommandModule = \{\n {2}command:\s*'([\w-]+)/g),
  ]);
  // What stands below another verb is that one's to load.
  const below = ['init'];
  expect(
    made
      .map(([, name]) => name)
      .filter((name) => !below.includes(name))
      .sort(),
  ).toEqual(VERBS.map(nameOf).sort());
});
