// What the queues did today, since midnight where this browser is. Counted anew once a minute: it is a reading of all of the day.

import { useEffect, useState } from 'react';
import type { QueueReports } from '../../../src/api/contracts/report.ts';
import type { Api } from '../api/client.ts';
import { clockOf, serverNow } from '../state/now.ts';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { BoardTable } from './board-table.tsx';

const againMs = 60_000;

export function TodayTable({ api }: { api: Api }) {
  const texts = useBoardWords();
  const { language } = useLanguage();
  const [report, setReport] = useState<QueueReports>();
  useEffect(() => {
    let current = true;
    const read = () =>
      api.get<QueueReports>(`/reports/queues?from=${midnight()}`).then(
        (found) => current && setReport(found),
        // What was counted last stays; the next minute tries again.
        () => undefined,
      );
    void read();
    const timer = setInterval(() => void read(), againMs);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [api]);
  const { today } = texts.board;
  const columns = [
    { label: texts.board.queue },
    { label: today.calls, number: true },
    { label: today.answered, number: true },
    { label: today.abandoned, number: true },
    { label: today.overflowed, number: true },
    { label: today.serviceLevel, number: true },
    { label: today.averageWait, number: true },
    { label: today.ninetieth, number: true },
  ];
  const waited = (ms: number | null) => (ms === null ? '–' : clockOf(ms));
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const rows = report?.items.map((one) => (
    <tr key={one.queue}>
      <td>{one.label[language]}</td>
      <td className="number">{one.calls}</td>
      <td className="number">{one.answered}</td>
      <td className="number">{one.abandoned}</td>
      <td className="number">{one.overflowed}</td>
      <td className="number">
        {one.serviceLevels.standard === null ? '–' : share.format(one.serviceLevels.standard)}
        <span className="hint"> {today.within(one.serviceLevelSeconds)}</span>
      </td>
      <td className="number">{waited(one.averageSpeedOfAnswerMs)}</td>
      <td className="number">{waited(one.ninetiethWaitMs)}</td>
    </tr>
  ));
  return <BoardTable id="board-today" title={today.title} columns={columns} rows={rows} />;
}

function midnight(): number {
  const day = new Date(serverNow());
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}
