// The table that the lab prints, as Markdown.

export interface Row {
  name: string;
  sends: string;
  perSecond: number;
  sent: number;
  answered: number;
  gotIn: number;
  calls: number;
  failed: number;
  setUpP50Ms: number;
  setUpP99Ms: number;
  /** The same in as many seconds without attack, just before. */
  calmP99Ms: number;
  calmPacketsLost: number;
  calmLongestGapMs: number;
  packetsLost: number;
  packets: number;
  longestGapMs: number;
  mos: number;
  cpuMicrosecondsEach: number;
  /** Of one core, all processes of the program together. */
  cpuShare: number;
  note?: string;
}

const heads = [
  'attack',
  'per second',
  'sent',
  'answers',
  'got in',
  'honest calls (failed)',
  'set-up p50 / p99, ms',
  'p99 just before',
  'RTP lost',
  'longest pause, ms (just before)',
  'MOS',
  'CPU each, µs',
  'CPU, % of a core',
];

export function printTable(rows: readonly Row[], seconds: number): string {
  const cells = rows.map((row) => [
    row.name,
    row.perSecond,
    row.sent,
    row.answered,
    row.gotIn,
    `${row.calls} (${row.failed})`,
    `${row.setUpP50Ms} / ${row.setUpP99Ms}`,
    row.calmP99Ms,
    `${row.packetsLost} of ${row.packets}`,
    `${row.longestGapMs} (${row.calmLongestGapMs})`,
    row.mos,
    row.sent === 0 ? '' : row.cpuMicrosecondsEach,
    row.cpuShare,
  ]);
  const line = (values: readonly unknown[]) => `| ${values.join(' | ')} |`;
  const notes = rows.filter(({ note }) => note).map(({ name, note }) => `* ${name}: ${note}`);
  return [`${seconds} s each.`, '', line(heads), line(heads.map(() => '---')), ...cells.map(line), '', ...notes].join(
    '\n',
  );
}
