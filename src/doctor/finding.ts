/** What a check says. Faults keep the tunnel from working; warnings may, or cost something. */
export type Level = 'ok' | 'note' | 'warning' | 'fault';

export interface Finding {
  /** Constant, for programs: `rp-filter`. */
  readonly check: string;
  readonly level: Level;
  readonly what: string;
  readonly why?: string;
  /** What to do about it; a command line where one exists. */
  readonly fix?: string;
  /** For programs: numbers and names behind the words. */
  readonly data?: Readonly<Record<string, unknown>>;
}

type Rest = Omit<Finding, 'check' | 'level' | 'what'>;

/** One check's findings by level: `const { ok, warning } = findings('clock')`. */
export function findings(check: string) {
  const of =
    (level: Level) =>
    (what: string, rest: Rest = {}): Finding => ({ check, level, what, ...rest });
  return { ok: of('ok'), note: of('note'), warning: of('warning'), fault: of('fault') };
}
