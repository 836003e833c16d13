/**
 * How long an idle path may be silent without its NAT forgetting it: learnt, because idle bytes cost money and NATs differ
 * (RFC 4787 wants two minutes and more; carriers have been seen to take 30 s). The client asks the server to call back after a time,
 * and is silent until then: a call that comes proves that much silence.
 *
 *   proven ──idle──▶ trial of the next step ──called──▶ proven, one step longer
 *                                 └──no call, but the path answers now──▶ one step back; after two of these: for good
 */

/** 25 s is below what nearly every NAT tolerates; a session without a word dies after 180 s, so two minutes are the end. */
const STEPS_MS = [15_000, 25_000, 40_000, 60_000, 90_000, 115_000] as const;
const START = 1;
/** A call may be lost as any datagram. */
const FAILURES = 2;
/** The call comes this much later at most, beside the time for an answer. */
const GRACE_MS = 1_000;

export class KeepAliveInterval {
  private step: number = START;
  /** Steps from this one on were tried in vain. */
  private limit: number = STEPS_MS.length;
  private failures = 0;
  private isProven = false;
  /** Index into `STEPS_MS`; -1 = none. */
  private trial = -1;
  private trialMs = 0;
  private sentDatagrams = 0;
  /** No call came; whether the path is alive at all, the next answer tells. */
  private isMissed = false;

  /** Between keep-alives. */
  get intervalMs(): number {
    return STEPS_MS[this.step];
  }

  /**
   * The keep-alive just left, and after `sentDatagrams` in all the path falls silent. Returns the silence to be tried, ms: the
   * caller asks for a call after it; 0 = nothing is to be learnt.
   */
  beginTrial(sentDatagrams: number, now: number): number {
    const next = this.isProven ? this.step + 1 : this.step;
    if (this.isMissed || next >= this.limit) return 0;
    this.trial = next;
    this.trialMs = now;
    this.sentDatagrams = sentDatagrams;
    return STEPS_MS[next];
  }

  /** Until when the path has to be silent; `answerMs`: how long an answer may take. */
  silentUntilMs(answerMs: number): number {
    return this.trialMs + STEPS_MS[this.trial] + answerMs + GRACE_MS;
  }

  get isTrying(): boolean {
    return this.trial >= 0;
  }

  /** The server asks something of its own accord; `sentDatagrams` as in `beginTrial`. */
  handleCalled(sentDatagrams: number, now: number): void {
    const { trial } = this;
    this.trial = -1;
    if (trial < 0 || sentDatagrams !== this.sentDatagrams) return;
    if (now - this.trialMs < STEPS_MS[trial] - GRACE_MS) return;
    this.step = trial;
    this.isProven = true;
    this.failures = 0;
  }

  /** The path is used or asked again; a trial under way says nothing. */
  cancel(): void {
    this.trial = -1;
    this.isMissed = false;
  }

  /** The time for the call is over. */
  handleMissed(): void {
    this.isMissed = this.trial >= 0;
  }

  /** The path answered: if a call is missing, it was the silence that lost it. */
  handleAnswered(): void {
    if (!this.isMissed) return;
    const { trial } = this;
    this.cancel();
    if (++this.failures < FAILURES && trial > this.step) return;
    this.failures = 0;
    this.limit = Math.max(1, trial);
    if (trial <= this.step) this.step = Math.max(0, trial - 1);
    this.isProven = this.step === 0 || this.isProven;
  }

  /** Another NAT: nothing is known of it. */
  reset(): void {
    this.step = START;
    this.limit = STEPS_MS.length;
    this.failures = 0;
    this.isProven = false;
    this.cancel();
  }
}
