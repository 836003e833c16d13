/** What this folder needs of a logger; pino fits. */
export interface HostLog {
  debug(fields: object, event: string): void;
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
}
