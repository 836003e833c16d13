/** What tells paths apart, under the name by which the browser gets it. */
export * from '../../metrics/path-label.ts';
