/** Events for people: when, what, where, and how long what came before had lasted. */

import { formatRtt, formatSpan } from '../format.ts';
import type { EventRecord } from '../state/event-reader.ts';

/** Subjects whose last change is remembered: paths of a server's clients. */
const MAX_SUBJECTS = 65_536;

export class EventLines {
  /** The last change of what is told of a path or session, and where that was, by subject. */
  readonly #changed = new Map<string, { record: EventRecord; where?: string }>();

  /** One line, in the machine's time zone: `2026-11-21 07:03:51  wlan0 up after 12 s, 21.3 ms`. */
  format(record: EventRecord): string {
    return `${formatTime(record.at)}  ${this.#sentence(record)}\n`;
  }

  #sentence(record: EventRecord): string {
    const { event, at: _, bootMs: __, ...fields } = record;
    const text = (key: string) => (fields[key] === undefined ? '' : plain(fields[key]));
    const peer = text('peer') === '' ? '' : `${text('peer')} `;
    switch (event) {
      case 'path-up':
      case 'path-down': {
        const subject = `${peer}path ${text('path')}`;
        // A path that was closed has no address any more.
        const known = text('interface') || text('remote') || this.#changed.get(subject)?.where;
        const where = known ?? `path ${text('path')}`;
        const rttMs = typeof fields.rttMs === 'number' ? `, ${formatRtt(fields.rttMs)}` : '';
        const after = this.#after(record, subject, known);
        return `${peer}${where} ${event === 'path-up' ? `up${after}${rttMs}` : `down${after}`}`;
      }
      case 'session-established':
      case 'session-lost': {
        const after = this.#after(record, `${peer}session`);
        return `${peer}session ${event.slice('session-'.length)}${after}`;
      }
      case 'started':
        // What was up before has ended with its process, however that ended.
        this.#changed.clear();
        return `${text('role')} started, version ${text('version')}`;
      case 'ended':
        return text('reason') === 'failed' ? 'ended by a failure' : 'ended';
      case 'up':
        return `tunnel up as ${[text('address'), text('address6')].filter(Boolean).join(', ')}`;
      case 'refused':
        return `the server refused this client: ${text('text')}`;
      case 'invite-used':
        return `${peer}used its invite`;
      case 'standstill': {
        const how = text('kind') === 'slept' ? 'the machine slept' : 'this program stood still';
        return `${how} for ${formatSpan(Number(fields.forMs))}`;
      }
      default:
        return [event, ...Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`)].join(' ');
    }
  }

  #after(record: EventRecord, subject: string, where?: string): string {
    const before = this.#changed.get(subject)?.record;
    this.#changed.delete(subject);
    this.#changed.set(subject, { record, where });
    if (this.#changed.size > MAX_SUBJECTS) this.#changed.delete(this.#changed.keys().next().value ?? '');
    if (before === undefined || before.event === record.event) return '';
    const spanMs = spanBetween(before, record);
    return spanMs >= 0 ? ` after ${formatSpan(spanMs)}` : '';
  }
}

/** Within one life of a daemon. A wall clock that was set in the meantime says nothing, where it is all there is. */
function spanBetween(before: EventRecord, after: EventRecord): number {
  if (before.bootMs !== undefined && after.bootMs !== undefined) return after.bootMs - before.bootMs;
  return Date.parse(after.at) - Date.parse(before.at);
}

function formatTime(at: string): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}

/** No control characters reach the terminal. */
function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return /^[^\s"\p{C}]+$/u.test(text) ? text : JSON.stringify(text);
}
