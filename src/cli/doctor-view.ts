/** A diagnosis for people: a line per finding, what to do below it. */
import type { Diagnosis } from '../doctor/doctor.ts';
import type { Finding, Level } from '../doctor/finding.ts';

const MARKS: Readonly<Record<Level, string>> = { ok: 'ok', note: 'note', warning: 'warning', fault: 'FAULT' };
const COLOURS: Readonly<Record<Level, string>> = { ok: '32', note: '36', warning: '33', fault: '1;31' };
const MARK_WIDTH = 9;
const CHECK_WIDTH = 13;

export function formatDiagnosis(
  { role, stateDir, isRunning, findings }: Diagnosis,
  hasColour: boolean,
): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const [faults, warnings] = [count('fault'), count('warning')];
  const sum = [plural(faults, 'fault'), plural(warnings, 'warning')].filter(Boolean).join(', ');
  return [
    `${role} of ${stateDir}, ${isRunning ? 'running' : 'not running'}`,
    '',
    ...findings.flatMap((finding) => formatFinding(finding, hasColour)),
    '',
    sum === '' ? 'nothing wrong was found' : sum,
    '',
  ].join('\n');
}

function formatFinding({ check, level, what, why, fix }: Finding, hasColour: boolean): string[] {
  const mark = MARKS[level].padEnd(MARK_WIDTH);
  const shown = hasColour ? `\u001b[${COLOURS[level]}m${mark}\u001b[0m` : mark;
  const margin = ' '.repeat(2 + MARK_WIDTH + CHECK_WIDTH);
  const more = [why && `why: ${why}`, fix && `fix: ${fix}`].filter(
    (line) => line !== undefined && line !== '',
  );
  const indent = (text: string) => text.replaceAll('\n', `\n${margin}     `);
  return [
    `  ${shown}${check.padEnd(CHECK_WIDTH)}${indent(what)}`,
    ...more.map((line) => `${margin}${indent(String(line))}`),
  ];
}

function plural(count: number, noun: string): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}`;
}
