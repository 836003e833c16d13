/** Charts over one common span of time. The cursor of one is the cursor of all. */
import type uPlotType from 'uplot';
import type { Column } from '../../trends/answer.ts';
import { element } from './dom.ts';
import { currentTheme, type Theme } from './theme.ts';
import uPlot from './uplot.js';

const HEIGHT = 180;
const SYNC = 'all';
const FONT = '12px system-ui, sans-serif';

export interface Line {
  readonly label: string;
  /** Place of its path, for its colour; null = the sum. */
  readonly place: number | null;
  readonly values: Column;
}

export interface ChartOptions {
  readonly title: string;
  /** In small letters beside it. */
  readonly note: string;
  /** The scale ends here or above. */
  readonly atLeast: number;
  readonly format: (value: number | null) => string;
}

/** What the time axis shows: seconds since the epoch, and when paths were down. */
export interface Span {
  readonly times: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Each a pair of times. */
  readonly outages: readonly (readonly [from: number, to: number])[];
}

export class Chart {
  readonly root: HTMLElement;
  readonly #options: ChartOptions;
  #plot: uPlotType | null = null;
  /** Labels: with other lines it is another plot. */
  #shown = '';
  #span: Span = { times: [], from: 0, to: 1, outages: [] };
  readonly #resize = new ResizeObserver(() => this.#plot?.setSize({ width: this.#width, height: HEIGHT }));

  constructor(options: ChartOptions) {
    this.#options = options;
    const title = element('h3', '', options.title, element('small', '', options.note));
    this.root = element('div', 'chart', title);
    this.#resize.observe(this.root);
  }

  draw(span: Span, lines: readonly Line[]): void {
    this.#span = span;
    const shown = lines.map(({ label, place }) => `${label} ${place}`).join('|');
    const data = [span.times, ...lines.map(({ values }) => values)] as unknown as uPlotType.AlignedData;
    if (this.#plot === null || shown !== this.#shown) {
      this.#plot?.destroy();
      this.#shown = shown;
      this.#plot = new uPlot(this.#plotOptions(lines), data, this.root);
    } else this.#plot.setData(data);
  }

  /** With the next `draw` it is made anew. */
  reset(): void {
    this.#plot?.destroy();
    this.#plot = null;
  }

  close(): void {
    this.#resize.disconnect();
    this.reset();
  }

  get #width(): number {
    const { paddingLeft, paddingRight } = getComputedStyle(this.root);
    return Math.max(120, this.root.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight));
  }

  #plotOptions(lines: readonly Line[]): uPlotType.Options {
    const theme = currentTheme();
    const { atLeast, format } = this.#options;
    // Where no cursor points, the newest.
    const figure: uPlotType.Series.Value = (plot, value, series, at) =>
      format(at === null ? (plot.data[series].at(-1) ?? null) : value);
    const colorOf = (place: number | null) => (place === null ? theme.total : theme.path(place));
    const axis = {
      stroke: theme.faint,
      font: FONT,
      grid: { stroke: theme.grid, width: 1 },
      ticks: { show: false },
    };
    return {
      width: this.#width,
      height: HEIGHT,
      legend: { markers: { width: 0, fill: (_, series) => colorOf(lines[series - 1]?.place ?? null) } },
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: true, range: () => [this.#span.from, this.#span.to] },
        y: { range: (_, __, max) => [0, Math.max(atLeast, 1.08 * (max ?? 0))] },
      },
      axes: [
        { ...axis, space: 90, size: 32, values: (_, splits) => splits.map(clockTime) },
        {
          ...axis,
          size: 78,
          values: (_, splits) => splits.map((value) => (value === 0 ? '0' : format(value))),
        },
      ],
      series: [
        { label: 'time', value: (plot, at) => clockTime(at ?? plot.data[0].at(-1) ?? 0) },
        ...lines.map(({ label, place }): uPlotType.Series => {
          return { label, stroke: colorOf(place), width: 2, points: { show: false }, value: figure };
        }),
      ],
      hooks: { drawClear: [(plot) => shade(plot, this.#span.outages, theme)] },
    };
  }
}

function clockTime(time: number): string {
  return new Date(1_000 * time).toLocaleTimeString('en-GB');
}

/** When a path was down. */
function shade(plot: uPlotType, outages: Span['outages'], { down }: Theme): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = down;
  for (const [from, to] of outages) {
    const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}
