/** The log: one pino child per component, constant event words, numbers as fields. Everything goes to stderr. */
import { pino } from 'pino';
import type { LogConfig } from '../config/common-config.ts';
import { formatLogLine } from './text-log.ts';

/** What the daemons use of pino; a test's own fits as well. */
export interface Log {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}

/** Records of clients and invites carry keys. */
const SECRETS = ['psk', 'privateKey', 'networkKey', 'secret', 'invite'];

export function createLog(config: LogConfig, write = (line: string) => void process.stderr.write(line)) {
  const isText = config.format === 'text';
  const hasTime = process.env.JOURNAL_STREAM === undefined;
  return pino(
    {
      level: config.level,
      base: undefined,
      timestamp: isText ? pino.stdTimeFunctions.epochTime : pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: SECRETS.flatMap((key) => [key, `*.${key}`]),
    },
    { write: (line: string) => write(isText ? formatLogLine(line, { hasTime }) : line) },
  );
}
