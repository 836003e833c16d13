/** The chart library under the name by which the browser gets it. */
export { default } from 'uplot';
