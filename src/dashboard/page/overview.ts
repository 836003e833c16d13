/** A server: all traffic, and its clients to choose from. */
import type { PeerTrend, TrendsAnswer } from '../../trends/answer.ts';
import { Chart, type Span } from './charts.ts';
import { element, Keyed } from './dom.ts';
import { formatCount, formatRate } from './format.js';

export class Overview {
  readonly #clients: Keyed<ClientButton>;
  readonly #more = element('p', 'note');
  readonly #traffic = new Chart({
    title: 'All clients',
    note: 'in the tunnel',
    atLeast: 1_000,
    format: formatRate,
  });

  constructor(
    private readonly root: HTMLElement,
    onChoice: (name: string) => void,
  ) {
    const clients = element('div', 'clients');
    this.#clients = new Keyed(clients, (name) => new ClientButton(name, onChoice));
    root.append(element('div', 'charts', this.#traffic.root), clients, this.#more);
  }

  reset(): void {
    this.#traffic.reset();
  }

  draw(trends: TrendsAnswer, chosen: string | undefined, span: Span): void {
    this.root.hidden = false;
    const { sent, received } = trends.total;
    this.#traffic.draw(span, [
      { label: 'sent', place: 0, values: sent },
      { label: 'received', place: 1, values: received },
    ]);
    const peers = sortPeers(trends.peers);
    this.#clients.show(peers.map(({ name }) => name)).forEach((button, i) => {
      button.draw(peers[i], peers[i].name === chosen);
    });
    const rest = trends.connectedCount - peers.filter(({ isConnected }) => isConnected).length;
    this.#more.textContent = rest > 0 ? `and ${formatCount(rest)} more that carry less` : '';
  }
}

/** By name, those that left last: what is to be clicked on stays where it is. */
export function sortPeers(peers: readonly PeerTrend[]): PeerTrend[] {
  return [...peers].sort(
    (a, b) => Number(b.isConnected) - Number(a.isConnected) || a.name.localeCompare(b.name, 'en'),
  );
}

class ClientButton {
  readonly root = element('button', 'client');
  readonly #address = element('small');
  readonly #state = element('span');
  readonly #rates = element('small');

  constructor(name: string, onChoice: (name: string) => void) {
    this.root.type = 'button';
    this.root.append(element('strong', '', name), this.#state, this.#address, this.#rates);
    this.root.addEventListener('click', () => onChoice(name));
  }

  draw({ address, isConnected, paths, columns }: PeerTrend, isChosen: boolean): void {
    const open = paths.filter(({ isOpen }) => isOpen);
    const up = open.filter(({ last }) => last.state === 'up').length;
    this.root.ariaPressed = String(isChosen);
    this.#address.textContent = address ?? 'no address';
    this.#state.className = !isConnected ? 'gone' : up === open.length ? 'up' : 'suspect';
    this.#state.textContent = isConnected ? `${up} of ${open.length} paths up` : 'gone';
    this.#rates.textContent = isConnected
      ? `↑ ${formatRate(columns.received.at(-1) ?? null)}  ↓ ${formatRate(columns.sent.at(-1) ?? null)}`
      : '';
  }
}
