/** The paths of one peer in `top`: as many lines for each as there is room for. */
import type { PathSnapshot } from '../engine/messages.ts';
import { formatBytes, formatCount, formatFraction, formatRate, formatRtt, formatSpan } from '../format.ts';
import { pathLabel } from '../metrics/path-label.ts';
import type { Column, PathTrend } from '../trends/answer.ts';
import type { Line, Segment, Style } from './screen.ts';
import { type Graphs, sparkRow, sparkWidth } from './top-graphs.ts';

const STATE_STYLES = {
  up: 'good',
  suspect: 'warning',
  validating: 'warning',
  unknown: 'dim',
  down: 'bad',
} as const;

/** Round trips of less than this are drawn as short. */
const RTT_TOP_MS = 10;
/** Loss of so much fills the line: what is worse is no worse to look at. */
const LOSS_TOP = 0.2;

interface Path {
  readonly now: PathSnapshot;
  readonly past?: PathTrend;
}

type Layout = (path: Path, graphs: Graphs, all: readonly Path[]) => Line[];

/** Best first: four graphs and a blank line, two graphs, one line. */
const LAYOUTS: readonly { readonly lines: number; readonly layout: Layout }[] = [
  { lines: 6, layout: (...args) => [[], ...tall(...args)] },
  { lines: 5, layout: tall },
  { lines: 3, layout: (...args) => tall(...args).slice(0, 3) },
  { lines: 1, layout: (path, graphs, all) => [short(path, graphs, all)] },
];

/** At most `graphs.rows` lines. */
export function pathLines(
  paths: readonly PathSnapshot[],
  past: readonly PathTrend[],
  graphs: Graphs & { readonly rows: number },
): Line[] {
  if (paths.length === 0) return [['  no paths']];
  const all = paths.map((now) => ({ now, past: past.find(({ name }) => name === pathLabel(now)) }));
  const { layout } =
    LAYOUTS.find(({ lines }) => lines * paths.length <= graphs.rows) ?? LAYOUTS[LAYOUTS.length - 1];
  return all.flatMap((path) => layout(path, graphs, all)).slice(0, Math.max(0, graphs.rows));
}

function tall(path: Path, graphs: Graphs, all: readonly Path[]): Line[] {
  const { now, past } = path;
  const columns = past?.columns;
  const levels = columns?.level;
  const row = (label: string, figure: string, values: Column | undefined, style: Style, atLeast: number) =>
    sparkRow(label, figure, values ?? [], graphs, { levels, style, atLeast });
  const { rttMs, jitterMs, lossOut, lossIn } = now;
  const isUsable = now.state === 'up' || now.state === 'suspect';
  const loss = `${formatFraction(isUsable ? lossOut : null)} / ${formatFraction(isUsable ? lossIn : null)}`;
  return [
    title(path, all),
    row('rtt', isUsable ? formatRtt(rttMs, jitterMs) : '-', columns?.rttMs, 'accent', RTT_TOP_MS),
    row('loss', loss, columns && worse(columns.lossOut, columns.lossIn), 'warning', LOSS_TOP),
    row('sent', formatRate(columns?.sent.at(-1) ?? null), columns?.sent, 'plain', 0),
    row('received', formatRate(columns?.received.at(-1) ?? null), columns?.received, 'plain', 0),
  ];
}

function title({ now }: Path, all: readonly Path[]): Line {
  const { state, sinceMs, sentBytes, receivedBytes, savedPackets, budget } = now;
  const facts = [
    ...firstShare(now, all),
    ...(savedPackets > 0 ? [`saved ${formatCount(savedPackets)}`] : []),
    ...(budget
      ? [`${formatBytes(budget.leftBytes)} of ${formatBytes(budget.bytes)}/${budget.period} left`]
      : []),
    `sent ${formatBytes(sentBytes)}, received ${formatBytes(receivedBytes)}`,
  ];
  return [...nameOf(now), [`${state} ${formatSpan(sinceMs)}`, STATE_STYLES[state]], `  ${facts.join(', ')}`];
}

function short({ now, past }: Path, graphs: Graphs, all: readonly Path[]): Line {
  const { state, rttMs } = now;
  const isUsable = state === 'up' || state === 'suspect';
  const figures: Segment[] = [
    ...nameOf(now, Math.max(...all.map((path) => nameLength(path.now)))),
    [state.padEnd(11), STATE_STYLES[state]],
    formatRtt(isUsable ? rttMs : null).padStart(9),
    formatFraction(isUsable ? worst(now) : null).padStart(9),
  ];
  const rtts = past?.columns.rttMs ?? [];
  const levels = past?.columns.level;
  const row = sparkRow(
    '',
    '',
    rtts,
    { ...graphs, labelWidth: 0, figureWidth: sparkWidth(graphs) },
    { levels, atLeast: RTT_TOP_MS },
  );
  return [...figures, ...row.slice(2)];
}

function nameOf(path: PathSnapshot, width = 0): Segment[] {
  const { isBackup, isExhausted } = path;
  const why = isExhausted ? ' (budget used up)' : isBackup ? ' (backup)' : '';
  return [[nameText(path), 'bold'], `${why}  `.padEnd(width + 2 - nameText(path).length)];
}

/** On a server, where the client is, and by which of its paths. */
function nameText(path: PathSnapshot): string {
  return path.interfaceName === undefined ? `${path.path}: ${path.remote}` : pathLabel(path);
}

function nameLength(path: PathSnapshot): number {
  return nameOf(path).reduce((sum, [text]) => sum + text.length, 0);
}

function firstShare({ firstArrivals }: PathSnapshot, all: readonly Path[]): string[] {
  const total = all.reduce((sum, { now }) => sum + now.firstArrivals, 0);
  return total === 0 ? [] : [`first ${Math.round((100 * firstArrivals) / total)} %`];
}

function worst({ lossOut, lossIn }: { lossOut: number | null; lossIn: number | null }): number | null {
  return lossOut === null && lossIn === null ? null : Math.max(lossOut ?? 0, lossIn ?? 0);
}

function worse(out: Column, back: Column): Column {
  return out.map((lossOut, i) => worst({ lossOut, lossIn: back[i] }));
}
