/** Asks the daemon once a second while somebody looks, and draws what it tells. */
import type { DashboardData } from '../data.ts';
import type { Span } from './charts.ts';
import { byId, element } from './dom.ts';
import { formatCount, formatSpan } from './format.js';
import { Overview, sortPeers } from './overview.ts';
import { PeerView } from './peer-view.ts';
import { Store } from './store.ts';
import { onThemeChange } from './theme.ts';

const EVERY_MS = 1_000;
const TIMEOUT_MS = 5_000;
/** A daemon that has just begun does not begin with an empty chart. */
const MIN_SPAN_SECONDS = 30;

const store = new Store();
const overview = new Overview(byId('overview'), choose);
const peerView = new PeerView(byId('peer'));
let data: DashboardData | undefined;
/** A server's client whose paths are shown; the store has the columns of this one. */
let chosen: string | undefined = decodeURIComponent(location.hash.slice(1)) || undefined;
let windowSeconds = 300;
let timer: ReturnType<typeof setTimeout> | undefined;

async function look(): Promise<void> {
  clearTimeout(timer);
  const asked = chosen;
  const query = new URLSearchParams({
    from: String(store.next),
    ...(asked === undefined ? {} : { peer: asked }),
  });
  try {
    const response = await fetch(`data?${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error((await response.text()).trim());
    const answer: DashboardData = await response.json();
    if (asked === chosen) take(answer);
    say('');
  } catch (error) {
    say(`The daemon does not answer: ${(error as Error).message}`);
  }
  if (!document.hidden) timer = setTimeout(look, EVERY_MS);
}

function take(answer: DashboardData): void {
  const follows = store.add(answer.trends);
  data = answer;
  const { role } = answer.snapshot;
  if (role === 'server' && chosen === undefined) {
    const [first] = sortPeers(answer.trends.peers);
    if (first !== undefined) choose(first.name);
  }
  if (follows) draw();
}

/** Another client: its columns are asked for from the beginning. */
function choose(name: string): void {
  if (name === chosen) return;
  chosen = name;
  history.replaceState(null, '', `#${encodeURIComponent(name)}`);
  store.clear();
  void look();
}

function draw(): void {
  const trends = store.all;
  if (data === undefined || trends === null) return;
  const { snapshot, version, machine } = data;
  const times = trends.atMs.map((at) => (at + trends.epochMs) / 1_000);
  const to = times.at(-1) ?? 0;
  const sinceFirst = Math.max(MIN_SPAN_SECONDS, to - (times[0] ?? to));
  const span: Span = { times, from: to - Math.min(windowSeconds, sinceFirst), to, outages: [] };
  const { role, tunName, uptimeMs, mtuBytes } = snapshot;
  document.title = `${machine} ${tunName} – resip-vpn`;
  const name = role === 'client' ? 'server' : chosen;
  const facts = [
    `up ${formatSpan(uptimeMs)}`,
    `MTU ${mtuBytes}`,
    ...(role === 'server'
      ? [`${formatCount(trends.connectedCount)} of ${formatCount(trends.peerCount)} clients connected`]
      : []),
    version,
  ];
  byId('facts').replaceChildren(
    element('strong', '', `${role} ${machine} ${tunName}`),
    ` · ${facts.join(' · ')}`,
  );
  if (role === 'server') overview.draw(trends, name, span);
  const peer = snapshot.peers.find((candidate) => candidate.name === name);
  peerView.draw(
    peer,
    trends.peers.find((candidate) => candidate.name === name),
    span,
  );
  for (const button of windowButtons)
    button.ariaPressed = String(Number(button.dataset.seconds) === windowSeconds);
}

function say(trouble: string): void {
  const place = byId('trouble');
  place.hidden = trouble === '';
  place.textContent = trouble;
}

const windowButtons = [...document.querySelectorAll<HTMLButtonElement>('#window button')];
for (const button of windowButtons) {
  button.addEventListener('click', () => {
    windowSeconds = Number(button.dataset.seconds);
    draw();
  });
}
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void look();
});
onThemeChange(() => {
  overview.reset();
  peerView.reset();
  draw();
});
void look();
