/** Programs of the owner that run when something happens: which, and when. */
import { field, several } from './fields.ts';
import { HOOK_NAMES, type HookName } from './hook-names.ts';

export interface HookCommand {
  /** As its owner wrote it. */
  readonly text: string;
  /** Absolute path. */
  readonly file: string;
  readonly args: readonly string[];
}

export type Hooks = Readonly<Record<HookName, readonly HookCommand[]>>;

export const NO_HOOKS: Hooks = {
  'pre-up': [],
  'post-up': [],
  'pre-down': [],
  'post-down': [],
  'path-up': [],
  'path-down': [],
};

const MAX_PER_HOOK = 8;

/** No shell reads it: whoever writes shell syntax would be surprised, so it is refused. */
const hookCommand = field(
  'the absolute path of a program, with arguments after blanks (no shell syntax: put that into the program)',
  (text): HookCommand | undefined => {
    const [file, ...args] = text.trim().split(/\s+/);
    const isPlain = !/["'`$;&|<>\\*?(){}\n]/.test(text);
    return file.startsWith('/') && isPlain ? { text, file, args } : undefined;
  },
);

const commands = several(hookCommand, MAX_PER_HOOK, 'program').default([]);

/** One key of the schemas per hook. */
export const hookFields = {
  'pre-up': commands,
  'post-up': commands,
  'pre-down': commands,
  'post-down': commands,
  'path-up': commands,
  'path-down': commands,
} satisfies Record<HookName, unknown>;

/** Of parsed values, those of the hooks. */
export function hooksOf(values: Hooks): Hooks {
  return Object.fromEntries(HOOK_NAMES.map((name) => [name, values[name]])) as unknown as Hooks;
}
