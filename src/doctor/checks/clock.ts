/** The wall clock: the tunnel does without it, budgets, invitations and what is recorded do not. */
import { runTool } from '../../host/run-tool.ts';
import { type Finding, findings } from '../finding.ts';

/** Earlier than this program can have been installed. */
const SURELY_PAST_MS = Date.UTC(2025, 0, 1);

export async function checkClock(nowMs = Date.now(), isSynchronised = askTimedatectl): Promise<Finding[]> {
  const { ok, note, warning } = findings('clock');
  const data = { now: new Date(nowMs).toISOString() };
  if (nowMs < SURELY_PAST_MS)
    return [
      warning(`the clock says ${data.now.slice(0, 10)}`, {
        why: 'the tunnel works all the same, but budgets of links, the end of invitations and the times of events are wrong',
        fix: 'set it: timedatectl set-ntp true; it is asked for through the tunnel as soon as that is up',
        data,
      }),
    ];
  const answer = await isSynchronised();
  if (answer === false)
    return [
      note('the clock is not kept by a time server', {
        why: 'the tunnel does without',
        fix: 'timedatectl set-ntp true',
        data,
      }),
    ];
  return [
    ok(answer ? 'the clock is kept by a time server' : 'the clock stands at a time that can be', { data }),
  ];
}

/** Undefined where nobody knows. */
async function askTimedatectl(): Promise<boolean | undefined> {
  try {
    const answer = await runTool('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
    return answer.trim() === '' ? undefined : answer.trim() === 'yes';
  } catch {
    return undefined;
  }
}
