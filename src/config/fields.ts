/** Building blocks of the schemas: text from a flag or a file in, a typed value out. A message says what was expected. */
import { z } from 'zod';

/** TOML has numbers of its own; flags are text. */
const scalar = (expected: string) => z.union([z.string(), z.number()], { error: expected });

/** `parse` gives undefined for what is not `expected`. */
export function field<T>(expected: string, parse: (text: string) => T | undefined) {
  return scalar(expected).transform((value, context): T => {
    const parsed = parse(String(value));
    if (parsed !== undefined) return parsed;
    context.issues.push({ code: 'custom', message: expected, input: value });
    return z.NEVER;
  });
}

export function choice<const T extends string>(names: readonly T[]) {
  return field(`one of ${names.join(', ')}`, (text) => names.find((name) => name === text));
}

/** A flag without a value, `true` or `false` in the file. */
export function yesOrNo() {
  return z.boolean({ error: 'true or false' });
}

/** Whole number, both ends included. */
export function whole(min: number, max: number, unit = '') {
  const expected = `a whole number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`;
  return field(expected, (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** One value or several, never none; the same one twice counts once. */
export function several<T>(schema: z.ZodType<T>, max: number, noun: string, example = '') {
  const atLeastOne = `at least one ${noun}${example === '' ? '' : `, such as ${example}`}`;
  return z.preprocess(
    (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]),
    z
      .array(schema)
      .min(1, atLeastOne)
      .max(max, `at most ${max} ${noun}s`)
      .transform((values) => [...new Set(values)] as readonly T[]),
  );
}
