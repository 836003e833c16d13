/** What `ping -D -O` prints, request by request. Times are milliseconds since the epoch. */

export interface PingReport {
  readonly sent: number;
  readonly received: number;
  /** Sequence numbers that never came back. */
  readonly lost: readonly number[];
  /** Answers that came more than once. */
  readonly duplicates: number;
  /** Answers whose bytes were not those sent; of the whole run. */
  readonly corrupt: number;
  /** Longest time between two answers, milliseconds. */
  readonly longestGapMs: number;
  readonly medianRttMs: number;
}

interface Request {
  sentMs: number;
  readonly answers: { readonly atMs: number; readonly rttMs: number }[];
}

const ANSWER = /^\[(\d+\.\d+)\] \d+ bytes from .*icmp_seq=(\d+) .*time=([\d.]+) ms/;
/** Printed when the next request leaves. */
const OUTSTANDING = /^\[(\d+\.\d+)\] no answer yet for icmp_seq=(\d+)/;

/** Takes at most 65,535 requests. */
export class PingLog {
  /** First answers so far. */
  answered = 0;
  #corrupt = 0;
  #rest = '';
  readonly #requests = new Map<number, Request>();

  /** Output as it comes, in pieces of any size. */
  handleText(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#handleLine(line);
  }

  /** The first `count` requests; ping is silent about the last when it was lost. */
  reportAll(count: number): PingReport {
    for (let sequence = 1; sequence <= count; sequence += 1)
      this.#request(sequence, Number.POSITIVE_INFINITY);
    return this.#sumUp([...this.#requests].filter(([n]) => n <= count));
  }

  /** How many of the first `count` were answered. */
  answeredOf(count: number): number {
    return [...this.#requests].filter(([n, { answers }]) => n <= count && answers.length > 0).length;
  }

  /** Up to the last request that was answered: later ones may still have been under way. */
  reportAnswered(): PingReport {
    const answered = [...this.#requests].filter(([, { answers }]) => answers.length > 0).map(([n]) => n);
    const last = Math.max(0, ...answered);
    return this.#sumUp([...this.#requests].filter(([n]) => n <= last));
  }

  /** Requests that were sent from `fromMs` until before `untilMs`. */
  reportSpan(fromMs: number, untilMs: number): PingReport {
    return this.#sumUp([...this.#requests].filter(([, { sentMs }]) => sentMs >= fromMs && sentMs < untilMs));
  }

  /** When the first answer after `fromMs` came to a request sent after `sentFromMs`; undefined = none did. */
  firstAnswerAfter(fromMs: number, sentFromMs = 0): number | undefined {
    let first: number | undefined;
    for (const { sentMs, answers } of this.#requests.values()) {
      if (sentMs < sentFromMs) continue;
      for (const { atMs } of answers)
        if (atMs >= fromMs && (first === undefined || atMs < first)) first = atMs;
    }
    return first;
  }

  /** When request `sequence` was sent; NaN = never heard of. */
  sentMs(sequence: number): number {
    return this.#requests.get(sequence)?.sentMs ?? Number.NaN;
  }

  #sumUp(requests: readonly (readonly [number, Request])[]): PingReport {
    const answers = requests.flatMap(([, request]) => request.answers).sort((a, b) => a.atMs - b.atMs);
    const gaps = answers.slice(1).map(({ atMs }, index) => atMs - answers[index].atMs);
    const rtts = answers.map(({ rttMs }) => rttMs).sort((a, b) => a - b);
    const unanswered = requests.filter(([, request]) => request.answers.length === 0);
    const received = requests.length - unanswered.length;
    return {
      sent: requests.length,
      received,
      lost: unanswered.map(([n]) => n).sort((a, b) => a - b),
      duplicates: answers.length - received,
      corrupt: this.#corrupt,
      longestGapMs: Math.round(Math.max(0, ...gaps)),
      medianRttMs: rtts[rtts.length >> 1] ?? Number.NaN,
    };
  }

  #handleLine(line: string): void {
    if (line.startsWith('wrong data byte')) this.#corrupt += 1;
    const answer = ANSWER.exec(line);
    if (answer) {
      const [atMs, rttMs] = [Number(answer[1]) * 1000, Number(answer[3])];
      const request = this.#request(Number(answer[2]), atMs - rttMs);
      if (request.answers.push({ atMs, rttMs }) === 1) this.answered += 1;
      return;
    }
    const outstanding = OUTSTANDING.exec(line);
    if (outstanding) this.#request(Number(outstanding[2]), Number(outstanding[1]) * 1000);
  }

  #request(sequence: number, sentMs: number): Request {
    const known = this.#requests.get(sequence);
    // The answer tells better than the note that came when the next request left.
    if (known) {
      known.sentMs = Math.min(known.sentMs, sentMs);
      return known;
    }
    const request: Request = { sentMs, answers: [] };
    this.#requests.set(sequence, request);
    return request;
  }
}
