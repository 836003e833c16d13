/** Colours of the page's style sheet, for what is drawn on canvases. */

const PATHS = 8;

export interface Theme {
  readonly faint: string;
  readonly grid: string;
  readonly total: string;
  readonly down: string;
  readonly bad: string;
  readonly warning: string;
  /** By place among the paths. */
  path(place: number): string;
}

export function currentTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    faint: color('faint'),
    grid: color('grid'),
    total: color('total'),
    down: color('down'),
    bad: color('bad'),
    warning: color('warning'),
    path: (place) => color(`path${place % PATHS}`),
  };
}

/** Dark at dusk: charts are drawn anew. */
export function onThemeChange(callback: () => void): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', callback);
}
