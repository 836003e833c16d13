/** The commands of the lab's prompt. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { DirectionReport } from './emulator-protocol.ts';
import type { Lab } from './lab.ts';
import {
  DIRECTIONS,
  type Direction,
  type LinkSettings,
  PLAIN_LINK,
  parseLinkSettings,
} from './link-settings.ts';
import type { Namespace } from './namespace.ts';
import { WEB_ADDRESS } from './plan.ts';
import { run } from './process.ts';
import { Download } from './traffic/download.ts';
import { startPing } from './traffic/ping.ts';
import { type Daemon, resipVpn } from './vpn.ts';

export const HELP = `
  set LINK [up|down] KEY=VALUE …   delay, jitter (ms), loss, duplicate, reorder, burstEnter, burstLeave (0 … 1),
                                   rate (bits/s: 20M), queue, mtu (bytes), blackhole (on, off)
  cut LINK, restore LINK           a link that dies without a word, and comes back
  links                            what the links do, and did
  status [server|client2 …]        resip-vpn status
  log [server|client2 …]           what it said
  ping [COUNT]                     through the tunnel, a hundred a second [200]
  download [MEGABYTES]             through the tunnel [10]
  shell [server|web|client2 …]     a shell in that namespace [client]
  help, exit

`;

const say = (text: string) => process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);

export class Prompt {
  readonly #lab: Lab;
  readonly #server: Daemon;
  readonly #clients: readonly Daemon[];

  constructor(lab: Lab, server: Daemon, clients: readonly Daemon[]) {
    this.#lab = lab;
    this.#server = server;
    this.#clients = clients;
  }

  /** Does what `line` says; false = the end. Rejects with an `Error` for the user. */
  async handle(line: string): Promise<boolean> {
    const [command = '', ...words] = line.trim().split(/\s+/);
    switch (command) {
      case '':
        return true;
      case 'set':
        await this.#set(words);
        return true;
      case 'cut':
        await this.#lab.cut(words[0] ?? '');
        return true;
      case 'restore':
        await this.#lab.restore(words[0] ?? '');
        return true;
      case 'links':
        await this.#links();
        return true;
      case 'status':
        say(await run(resipVpn('status', '--state-dir', this.#daemon(words[0]).stateDir)));
        return true;
      case 'log':
        say(this.#daemon(words[0]).process.stderr);
        return true;
      case 'ping':
        await this.#ping(numberOf(words[0], 200));
        return true;
      case 'download':
        await this.#download(numberOf(words[0], 10));
        return true;
      case 'shell':
        await this.#shell(words[0] === 'web' ? this.#lab.web : this.#daemon(words[0]).namespace);
        return true;
      case 'help':
        say(HELP);
        return true;
      case 'exit':
      case 'quit':
        return false;
      default:
        throw new Error(`${command}: unknown; try help`);
    }
  }

  async #set([link = '', ...words]: readonly string[]): Promise<void> {
    const isDirection = words[0] === 'up' || words[0] === 'down';
    const directions: readonly Direction[] = isDirection ? [words[0] as Direction] : DIRECTIONS;
    const settings = parseLinkSettings(isDirection ? words.slice(1) : words);
    if (Object.keys(settings).length === 0)
      throw new Error('set: what? For instance: set wifi loss=0.3 delay=50');
    await this.#lab.set(link, settings, directions);
  }

  async #links(): Promise<void> {
    const { links } = await this.#lab.report();
    for (const [link, report] of Object.entries(links)) {
      for (const direction of DIRECTIONS) {
        say(`${link.padEnd(6)} ${direction.padEnd(5)} ${describeSettings(report[direction].settings)}`);
        say(`${''.padEnd(12)} ${describeCounters(report[direction])}`);
      }
    }
  }

  async #ping(count: number): Promise<void> {
    const report = await startPing(this.#lab.client.namespace, WEB_ADDRESS, { count }).report();
    const { sent, lost, duplicates, longestGapMs, medianRttMs } = report;
    say(
      `${sent} sent, ${lost.length} lost, ${duplicates} doubled, median ${medianRttMs} ms, longest gap ${longestGapMs} ms`,
    );
  }

  async #download(megabytes: number): Promise<void> {
    const download = await Download.start(this.#lab, this.#lab.client.namespace, megabytes * 1e6);
    const { bytes, corrupt, durationMs, longestStallMs } = await download.report();
    const rate = ((bytes * 8) / durationMs / 1000).toFixed(1);
    say(
      `${(bytes / 1e6).toFixed(1)} MB, ${rate} Mbit/s, longest stall ${longestStallMs} ms, ${corrupt ? 'CORRUPT' : 'intact'}`,
    );
  }

  async #shell(namespace: Namespace): Promise<void> {
    const [file, ...words] = namespace.command([process.env.SHELL ?? 'bash']);
    say(`(exit leads back; resip-vpn is ${resipVpn().join(' ')})`);
    await once(spawn(file, words, { stdio: 'inherit' }), 'close');
  }

  #daemon(name = 'client'): Daemon {
    if (name === 'server') return this.#server;
    const number = /^client(\d*)$/.exec(name)?.[1];
    const daemon = number === undefined ? undefined : this.#clients[Number(number || 1) - 1];
    if (!daemon) throw new Error(`there is no ${name}`);
    return daemon;
  }
}

/** Only what differs from a plain link. */
function describeSettings(settings: LinkSettings): string {
  const told = Object.entries(settings).filter(
    ([key, value]) => value !== PLAIN_LINK[key as keyof LinkSettings],
  );
  return told.map(([key, value]) => `${key}=${value}`).join(' ') || 'plain';
}

function describeCounters({ settings: _settings, ...counters }: DirectionReport): string {
  return Object.entries(counters)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function numberOf(word: string | undefined, otherwise: number): number {
  const value = word === undefined ? otherwise : Number(word);
  if (!(value > 0)) throw new Error(`expected a number, got ${word}`);
  return value;
}
