/** The words that start a program on these processors only, as taskset takes them (`0`, `1-3`); absent = wherever. */
export function confined(processors: string | undefined): string[] {
  return processors === undefined ? [] : ['taskset', '-c', processors];
}
