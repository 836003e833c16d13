/** What a ride showed, for people. */
import Table from 'cli-table3';
import { type Recovery, type RideReport, RTT_MS } from './ride.ts';

/** Asked for from link-up to the first inner packet: one round trip and this. */
const GOAL_SLACK_MS = 50;
const PLAIN = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

const ms = (value: number) => (Number.isFinite(value) ? `${Math.round(value)} ms` : 'never');
const seconds = (value: number) => `${(value / 1000).toFixed(1)} s`;

export function tellRide(report: RideReport): string {
  const { pings, lostWhileHealthy, terminal, download, recoveries } = report;
  const darkMs = recoveries.reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
  const slowest = recoveries.filter(({ isSilent }) => !isSilent);
  return [
    actsTable(report),
    'After no link worked:',
    recoveriesTable(recoveries),
    `${pings.sent} pings sent, ${pings.lost.length} lost, of those ${lostWhileHealthy.length} while a link was healthy${
      lostWhileHealthy.length > 0 ? ` (at ${lostWhileHealthy.join(', ')} s)` : ''
    }; ` + `longest gap ${ms(pings.longestGapMs)}; no link for ${seconds(darkMs)} in all.`,
    `From link-up to the first inner packet: ${slowest.map(({ firstPacketMs }) => ms(firstPacketMs)).join(', ')}.`,
    `Session: ${terminal.answered} of ${terminal.typed} lines answered, ${terminal.wrong} wrongly, ` +
      `${terminal.ended === null ? 'never reset' : `ENDED: ${terminal.ended}`}.`,
    `Download: ${(download.bytes / 1e6).toFixed(0)} MB in ${seconds(download.durationMs)}, ` +
      `${download.corrupt ? 'CORRUPT' : 'every byte as it was sent'}.`,
  ].join('\n');
}

function actsTable({ acts }: RideReport): string {
  const head = [
    '',
    'pings lost',
    'longest gap',
    'longest wait in the session',
    'longest stall of the download',
  ];
  const table = new Table({ head, ...PLAIN });
  for (const { title, pings, terminal, download } of acts)
    table.push([
      title,
      `${pings.lost.length} of ${pings.sent}`,
      ms(pings.longestGapMs),
      ms(terminal.longestWaitMs),
      ms(download.longestStallMs),
    ]);
  return table.toString();
}

function recoveriesTable(recoveries: readonly Recovery[]): string {
  const table = new Table({
    head: ['dark for', 'back first', 'first packet', 'first answer', 'goal'],
    ...PLAIN,
  });
  for (const { fromMs, untilMs, link, isSilent, firstPacketMs, firstAnswerMs } of recoveries)
    table.push([
      ms(untilMs - fromMs),
      isSilent ? `${link}, found by probing` : link,
      ms(firstPacketMs),
      ms(firstAnswerMs),
      isSilent ? '' : ms(RTT_MS[link] + GOAL_SLACK_MS),
    ]);
  return table.toString();
}
