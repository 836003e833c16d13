/** When programs of the owner run. Apart from their schema, which a command line need not load to print its help. */
export const HOOK_NAMES = ['pre-up', 'post-up', 'pre-down', 'post-down', 'path-up', 'path-down'] as const;

export type HookName = (typeof HOOK_NAMES)[number];
