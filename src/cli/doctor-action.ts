/** Runs the checks and prints what they say. */
import { diagnose } from '../doctor/doctor.ts';
import type { SubjectRequest } from '../doctor/subject.ts';
import { version } from '../version.ts';
import { formatDiagnosis } from './doctor-view.ts';

/**
 * `isJson`: one object, `version`, `role`, `stateDir`, `isRunning`, `findings` (`doctor/finding.ts`). Fields are only ever added. True
 * when there is no fault.
 */
export async function doctor(
  request: SubjectRequest,
  isJson: boolean,
  hasColour: boolean,
): Promise<{ text: string; isWell: boolean }> {
  const diagnosis = await diagnose(request);
  const text = isJson
    ? `${JSON.stringify({ version: version(), ...diagnosis }, null, 2)}\n`
    : formatDiagnosis(diagnosis, hasColour);
  return { text, isWell: diagnosis.findings.every(({ level }) => level !== 'fault') };
}
