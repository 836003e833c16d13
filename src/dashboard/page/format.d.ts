/** Figures as `status` and `top` write them, under the name by which the browser gets them. */
export * from '../../format.ts';
