/** A card per path: how it is, what it did, and a ribbon of when it was up. */
import type { PathSnapshot } from '../../engine/messages.ts';
import type { Column } from '../../trends/answer.ts';
import type { Span } from './charts.ts';
import { element } from './dom.ts';
import { formatBytes, formatCount, formatFraction, formatRtt, formatSpan } from './format.js';
import { currentTheme } from './theme.ts';

const RIBBON_HEIGHT = 12;

export class PathCard {
  readonly root = element('article', 'card');
  readonly #swatch = element('span', 'swatch');
  readonly #name = element('h3');
  readonly #state = element('span', 'state');
  readonly #figures = element('dl');
  readonly #ribbon = element('canvas', 'ribbon');

  constructor() {
    this.#ribbon.role = 'img';
    this.#ribbon.ariaLabel = 'when the path was up';
    this.root.append(
      element('header', '', this.#swatch, this.#name, this.#state),
      this.#figures,
      this.#ribbon,
    );
  }

  /** `now` is absent for a path that was closed; `place` gives its colour; `share` of first arrivals, 0..1. */
  draw(
    name: string,
    now: PathSnapshot | undefined,
    place: number,
    share: number | null,
    level: Column,
    span: Span,
  ): void {
    const color = currentTheme().path(place);
    this.#swatch.style.background = color;
    this.#name.textContent = name;
    const state = now?.state ?? 'closed';
    this.#state.className = `state ${state}`;
    this.#state.textContent =
      now === undefined ? 'closed' : `${state} ${formatSpan(now.sinceMs)}${wish(now)}`;
    this.#figures.replaceChildren(...(now === undefined ? [] : figures(now, share)));
    drawRibbon(this.#ribbon, color, level, span);
  }
}

function wish({ isBackup, isExhausted }: PathSnapshot): string {
  return isExhausted ? ', budget used up' : isBackup ? ', backup' : '';
}

function figures(path: PathSnapshot, share: number | null): HTMLElement[] {
  const {
    state,
    rttMs,
    jitterMs,
    lossOut,
    lossIn,
    sentBytes,
    receivedBytes,
    savedPackets,
    mtuBytes,
    budget,
  } = path;
  const isUsable = state === 'up' || state === 'suspect';
  const pairs: [string, string][] = [
    ['round trip', formatRtt(isUsable ? rttMs : null, jitterMs)],
    ['loss out', formatFraction(isUsable ? lossOut : null)],
    ['loss in', formatFraction(isUsable ? lossIn : null)],
    ['came first', formatFraction(share)],
    ['saved packets', formatCount(savedPackets)],
    ['MTU', String(mtuBytes)],
    ['sent', formatBytes(sentBytes)],
    ['received', formatBytes(receivedBytes)],
    budget === undefined
      ? ['duplicates', formatCount(path.duplicateDatagrams)]
      : [`left this ${budget.period}`, `${formatBytes(budget.leftBytes)} of ${formatBytes(budget.bytes)}`],
  ];
  return pairs.map(([term, value]) => element('div', '', element('dt', '', term), element('dd', '', value)));
}

/** Its colour = up, amber = suspect, red = down, nothing = there was no such path. */
function drawRibbon(
  canvas: HTMLCanvasElement,
  color: string,
  level: Column,
  { times, from, to }: Span,
): void {
  const { bad, warning } = currentTheme();
  const scale = devicePixelRatio;
  const width = Math.round(canvas.clientWidth * scale);
  const height = RIBBON_HEIGHT * scale;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.clearRect(0, 0, width, height);
  const x = (time: number) => Math.round((width * (time - from)) / (to - from));
  const colors = [bad, warning, color];
  level.forEach((value, i) => {
    if (value === null || times[i] < from) return;
    const left = x(i === 0 ? times[i] - 1 : Math.max(times[i - 1], times[i] - 2));
    context.fillStyle = colors[value];
    context.fillRect(left, 0, x(times[i]) - left, height);
  });
}
