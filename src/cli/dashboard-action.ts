/** Asks the running daemon where its dashboard is. */
import { resolve } from 'node:path';
import { askDaemon } from '../control/control-client.ts';
import { UserError } from '../errors.ts';

/** `http://127.0.0.1:9461/…/`. Throws `UserError` when it has none. */
export async function dashboard(stateDir: string): Promise<string> {
  const { url } = (await askDaemon(resolve(stateDir), { command: 'dashboard' })) as { url: string | null };
  if (url !== null) return url;
  throw new UserError('the dashboard is switched off', {
    fix: 'start the client or server with --dashboard 127.0.0.1:9461, or put dashboard = "127.0.0.1:9461" into its file',
  });
}
