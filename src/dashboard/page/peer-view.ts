/** One peer: how its session is, its paths, and their past. */
import type { PathSnapshot, PeerSnapshot, StreamSnapshot } from '../../engine/messages.ts';
import type { Column, PathTrend, PeerTrend } from '../../trends/answer.ts';
import { Chart, type ChartOptions, type Line, type Span } from './charts.ts';
import { element, Keyed } from './dom.ts';
import { formatBytes, formatCount, formatFraction, formatRate, formatSpan } from './format.js';
import { PathCard } from './path-cards.ts';
import { pathLabel } from './path-label.js';

const MAX_STREAMS = 20;

const milliseconds = (value: number | null) =>
  value === null ? '–' : `${value < 100 ? Math.round(10 * value) / 10 : Math.round(value)} ms`;
const perSecond = (value: number | null) => (value === null ? '–' : `${Math.round(10 * value) / 10}/s`);

const RTT: ChartOptions = {
  title: 'Round trip',
  note: 'per path; shaded while one of them is down',
  atLeast: 10,
  format: milliseconds,
};
const LOSS: ChartOptions = {
  title: 'Loss',
  note: 'per path, the worse direction',
  atLeast: 0.05,
  format: formatFraction,
};
const SENT: ChartOptions = {
  title: 'Sent',
  note: 'over each path, and in the tunnel',
  atLeast: 1_000,
  format: formatRate,
};
const RECEIVED: ChartOptions = { ...SENT, title: 'Received' };
const SAVED: ChartOptions = {
  title: 'Saved by copies',
  note: 'packets that arrived only because of this path',
  atLeast: 5,
  format: perSecond,
};

export class PeerView {
  readonly #session = element('p', 'session');
  readonly #cards: Keyed<PathCard>;
  readonly #streams = element('div', 'scroll');
  readonly #rtt = new Chart(RTT);
  readonly #loss = new Chart(LOSS);
  readonly #sent = new Chart(SENT);
  readonly #received = new Chart(RECEIVED);
  readonly #saved = new Chart(SAVED);

  constructor(root: HTMLElement) {
    const cards = element('div', 'cards');
    const charts = element('div', 'charts', ...this.#charts.map((chart) => chart.root));
    this.#cards = new Keyed(cards, () => new PathCard());
    root.append(this.#session, cards, charts, this.#streams);
  }

  get #charts(): readonly Chart[] {
    return [this.#rtt, this.#loss, this.#sent, this.#received, this.#saved];
  }

  reset(): void {
    for (const chart of this.#charts) chart.reset();
  }

  draw(peer: PeerSnapshot | undefined, trend: PeerTrend | undefined, span: Span): void {
    this.#session.replaceChildren(...(peer === undefined ? ['not connected'] : sessionText(peer)));
    const paths = trend?.paths ?? [];
    const nowOf = (path: PathTrend) => peer?.paths.find((now) => pathLabel(now) === path.name);
    const firsts = peer?.paths.reduce((sum, { firstArrivals }) => sum + firstArrivals, 0) ?? 0;
    const shareOf = (now: PathSnapshot | undefined) =>
      now === undefined || firsts === 0 ? null : now.firstArrivals / firsts;
    this.#cards.show(paths.map(({ name }) => name)).forEach((card, place) => {
      const path = paths[place];
      const now = nowOf(path);
      card.draw(nameOf(path), now, place, shareOf(now), path.columns.level, span);
    });
    this.#drawCharts(paths, trend, { ...span, outages: outages(paths, span) });
    this.#streams.replaceChildren(...streamTable(peer?.streams ?? []));
  }

  #drawCharts(paths: readonly PathTrend[], trend: PeerTrend | undefined, span: Span): void {
    const lines = (values: (path: PathTrend) => Column): Line[] =>
      paths.map((path, place) => ({ label: lineName(path), place, values: values(path) }));
    const inside = (values: Column | undefined): Line[] =>
      values === undefined ? [] : [{ label: 'tunnel', place: null, values }];
    this.#rtt.draw(
      span,
      lines(({ columns }) => columns.rttMs),
    );
    this.#loss.draw(
      span,
      lines(({ columns }) => worse(columns.lossOut, columns.lossIn)),
    );
    this.#sent.draw(span, [...lines(({ columns }) => columns.sent), ...inside(trend?.columns.sent)]);
    this.#received.draw(span, [
      ...lines(({ columns }) => columns.received),
      ...inside(trend?.columns.received),
    ]);
    this.#saved.draw(
      span,
      lines(({ columns }) => columns.saved),
    );
  }
}

/** A server knows its clients' paths by number and by where they come from. */
function nameOf(path: PathTrend): string {
  return path.last.interfaceName === undefined ? `${lineName(path)} from ${path.last.remote}` : path.name;
}

function lineName({ name, last }: PathTrend): string {
  return last.interfaceName === undefined ? `path ${name}` : name;
}

function sessionText({
  name,
  address,
  session,
  policy,
  rules,
  duplicatesDropped,
  heldPackets,
}: PeerSnapshot): (Node | string)[] {
  const { established, ageMs, suite, silentMs } = session;
  const state = established ? `connected for ${formatSpan(ageMs ?? 0)}` : 'no session';
  const parts = [
    `inner address ${address ?? 'not yet assigned'}`,
    ...(established && suite !== null ? [suite] : []),
    silentMs === null ? 'never heard' : `heard ${formatSpan(silentMs)} ago`,
    `policy ${[policy, ...rules].join(', ')}`,
    `${formatCount(duplicatesDropped)} copies came second`,
    ...(heldPackets > 0 ? [`${formatCount(heldPackets)} packets wait for a path`] : []),
  ];
  return [
    element('strong', 'who', `${name} `),
    element('span', established ? 'connected' : 'gone', state),
    ` · ${parts.join(' · ')}`,
  ];
}

function worse(out: Column, back: Column): Column {
  return out.map((value, i) => {
    const other = back[i];
    return value === null && other === null ? null : Math.max(value ?? 0, other ?? 0);
  });
}

/** Spans in which any of the paths was there and carried nothing. */
function outages(paths: readonly PathTrend[], { times }: Span): (readonly [number, number])[] {
  const found: [number, number][] = [];
  times.forEach((time, i) => {
    if (!paths.some(({ columns }) => columns.level[i] === 0)) return;
    const last = found.at(-1);
    if (last !== undefined && last[1] === times[i - 1]) last[1] = time;
    else found.push([times[i - 1] ?? time, time]);
  });
  return found;
}

function streamTable(streams: readonly StreamSnapshot[]): HTMLElement[] {
  if (streams.length === 0) return [];
  const head = element(
    'tr',
    '',
    ...['stream', 'state', 'sent', 'received', 'waiting'].map((text) => element('th', '', text)),
  );
  const rows = streams.slice(0, MAX_STREAMS).map((stream) => {
    const { target, state, ageMs, stalledMs, sentBytes, receivedBytes, waitingBytes } = stream;
    const how = stalledMs === null ? `${state} ${formatSpan(ageMs)}` : `stalled ${formatSpan(stalledMs)}`;
    const cells = [
      target,
      how,
      formatBytes(sentBytes),
      formatBytes(receivedBytes),
      formatBytes(waitingBytes),
    ];
    return element('tr', '', ...cells.map((text) => element('td', '', text)));
  });
  const rest = streams.length - rows.length;
  return [
    element('table', 'streams', head, ...rows),
    ...(rest > 0 ? [element('p', 'note', `and ${rest} more`)] : []),
  ];
}
