/** What is known of a path. Usable for data: `up` and `suspect`. */
export type PathState = 'unknown' | 'validating' | 'up' | 'suspect' | 'down';

export function isUsable(state: PathState): boolean {
  return state === 'up' || state === 'suspect';
}
