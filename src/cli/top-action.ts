/** Draws the running daemon once a second, until a key or a signal ends it. */
import { resolve } from 'node:path';
import { askDaemon } from '../control/control-client.ts';
import type { Snapshot } from '../engine/messages.ts';
import { UserError } from '../errors.ts';
import type { TrendsAnswer } from '../trends/answer.ts';
import { renderLine } from './screen.ts';
import { Terminal } from './terminal.ts';
import { markedPlace, sortClients } from './top-clients.ts';
import { type TopData, topFrame } from './top-view.ts';

const EVERY_MS = 1_000;
/** More seconds than this nobody's terminal is wide. */
const MAX_SECONDS = 600;

const KEYS = {
  up: ['\x1b[A', '\x1bOA', 'k'],
  down: ['\x1b[B', '\x1bOB', 'j'],
  enter: ['\r', '\n', '\x1b[C', 'l'],
};
const BACK = ['\x1b', '\x7f', '\x1b[D', 'h'];
const END = ['q', 'Q', '\x03', '\x04'];

/** Resolves when the user ends it. Throws `UserError` without a terminal, and when no daemon runs. */
export async function top(stateDir: string, client?: string): Promise<void> {
  if (!process.stdout.isTTY || process.env.TERM === 'dumb') {
    throw new UserError('top draws on a terminal, and this is none', {
      fix: 'programs ask `resip-vpn status --json`, people `resip-vpn status`',
      exitCode: 2,
    });
  }
  const screen = new TopScreen(resolve(stateDir), client);
  // A daemon that is not there is told before the screen is taken.
  await screen.look();
  await screen.run();
}

class TopScreen {
  private data!: TopData;
  private trouble: string | undefined;
  /** Name of the marked client: the list moves under it. */
  private marked: string | undefined;
  private columns = 80;

  constructor(
    private readonly stateDir: string,
    private client: string | undefined,
  ) {}

  async run(): Promise<void> {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const draw = () => terminal.draw(this.lines(terminal.columns, terminal.rows));
    const refresh = () =>
      this.look()
        .catch((error: Error) => {
          this.trouble = error.message.split('\n', 1)[0];
        })
        .then(draw);
    const onKey = (key: string) => {
      if (END.includes(key)) end();
      else if (this.handleKey(key)) void refresh();
      else draw();
    };
    const terminal = new Terminal(process.stdout, process.stdin, onKey, draw);
    terminal.open();
    const timer = setInterval(() => void refresh(), EVERY_MS);
    await ended;
    clearInterval(timer);
    terminal.close();
  }

  /** Rejects when the daemon does not answer. */
  async look(): Promise<void> {
    const { client, stateDir } = this;
    const last = Math.min(MAX_SECONDS, this.columns);
    const isFirst = this.data === undefined;
    const only =
      client === undefined ? (isFirst || this.data.snapshot.role === 'client' ? ['server'] : []) : [client];
    const [snapshot, trends] = await Promise.all([
      askDaemon(stateDir, { command: 'status', only }) as Promise<Snapshot>,
      askDaemon(stateDir, { command: 'trends', last, peer: client }) as Promise<TrendsAnswer>,
    ]);
    this.data = { snapshot, trends };
    this.trouble = undefined;
    if (snapshot.role === 'client') this.client = undefined;
    else if (isFirst && client !== undefined && snapshot.peers.length === 0) {
      throw new UserError(`the running server knows no client ${client}`, {
        fix: 'resip-vpn clients lists them',
      });
    }
  }

  private lines(columns: number, rows: number): string[] {
    this.columns = columns;
    const { client, marked, trouble } = this;
    const isAscii = !/utf-?8/i.test(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || '');
    const hasColor = !process.env.NO_COLOR;
    const view = { columns, rows, isAscii, client, marked, trouble };
    return topFrame(this.data, view).map((line) => renderLine(line, columns, hasColor));
  }

  /** True: other data are wanted. */
  private handleKey(key: string): boolean {
    if (this.data.snapshot.role === 'client') return false;
    const clients = sortClients(this.data.trends.peers);
    const at = markedPlace(clients, this.marked);
    if (KEYS.up.includes(key)) this.marked = clients[at - 1]?.name ?? this.marked;
    else if (KEYS.down.includes(key)) this.marked = clients[at + 1]?.name ?? this.marked;
    else if (KEYS.enter.includes(key) && this.client === undefined) this.client = clients[at]?.name;
    else if (BACK.includes(key)) this.client = undefined;
    else return false;
    return true;
  }
}
