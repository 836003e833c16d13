/** Log lines for people: `07:03:51 path up interfaceName=wlan0 rttMs=21`. */

/** Fields of pino itself. */
const OWN_KEYS = new Set(['level', 'time', 'msg', 'component']);
/** A foreign error message of many lines stays one line. */
const MAX_VALUE_LENGTH = 400;

export interface TextLogOptions {
  /** Journals stamp their lines themselves. */
  readonly hasTime: boolean;
}

/** One JSON line of pino as text, with its newline. */
export function formatLogLine(line: string, options: TextLogOptions): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  const { level, time, component, msg } = record;
  const fields = Object.entries(record)
    .filter(([key, value]) => !OWN_KEYS.has(key) && !isEmpty(value))
    .map(([key, value]) => `${key}=${formatValue(value)}`);
  const words = [
    options.hasTime ? formatTime(Number(time)) : '',
    level === 'info' ? '' : `${level}:`,
    component === undefined ? '' : String(component),
    String(msg),
    ...fields,
  ];
  return `${words.filter((word) => word !== '').join(' ')}\n`;
}

/** Nothing that a person would read. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function formatTime(epochMs: number): string {
  return new Date(epochMs).toTimeString().slice(0, 8);
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatValue).join(',');
  if (typeof value === 'object' && value !== null) {
    const message = 'message' in value ? value.message : JSON.stringify(value);
    return quote(String(message));
  }
  return typeof value === 'string' ? quote(value) : String(value);
}

/** Blanks, quotes and control characters are quoted, so that a value can forge no field and no line. */
function quote(text: string): string {
  const short = text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
  return /^[^\s"=\p{C}]+$/u.test(short) ? short : JSON.stringify(short.replace(/\s*\n\s*/g, '; '));
}
