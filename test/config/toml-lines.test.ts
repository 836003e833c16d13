import * as fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { keyLines } from '../../src/config/toml-lines.ts';

const lines = (text: string) => Object.fromEntries(keyLines(text));

test('keys in all their forms, each once', () => {
  expect(lines('# a = 1\na = 1\n"b c" = 2\n  \'d\' = 3\n\ne.f = 4\ne.g = 5')).toEqual({
    a: 2,
    'b c': 3,
    d: 4,
    e: 6,
  });
});

test('what looks like a key inside a value is none', () => {
  const text =
    'a = [\n  "x = 1", # y = 2\n  "b = 3",\n]\nc = """\nd = 4\n\\""" e = 5\n"""\nf = \'\'\'\ng = 6\n\'\'\'\nh = "[{"\ni = 7';
  expect(Object.keys(parse(text))).toEqual(['a', 'c', 'f', 'h', 'i']);
  expect(lines(text)).toEqual({ a: 1, c: 5, f: 9, h: 12, i: 13 });
});

test('a table stands on its own line, its keys with it', () => {
  expect(lines('a = 1\n[b]\nc = 2\n[[d]]\ne = 3')).toEqual({ a: 1, b: 2, d: 4 });
});

test('every key of any flat text is found where it is', () => {
  const key = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab=[]{}"\\\'# \n') }).map((text) => JSON.stringify(text)),
    fc.constantFrom('[\n1,\n2\n]', "'''\nx = 1\n'''", '{ z = 1 }', '"""\n# [\n"""', 'true # x'),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 6 }),
      (entries) => {
        const text = entries.map(([name, text]) => `${name} = ${text}\n`).join('');
        expect(Object.keys(parse(text)).length).toBe(entries.length);
        const found = keyLines(text);
        for (const [name] of entries) {
          const line = text.split('\n')[(found.get(name) ?? 0) - 1];
          expect(line).toMatch(new RegExp(`^${name} = `));
        }
        expect(found.size).toBe(entries.length);
      },
    ),
  );
});
