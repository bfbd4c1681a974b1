// The report of a check, to download and to send to a help desk: as JSON, as text, and as one HTML file without anything to load.
// Who is in it by the login alone; no address, no name, no number, no customer.

import type { EnvironmentCheckRow } from '../../store/environment-checks.ts';
import type { JudgedItem, LineFigures, Words } from './check.ts';
import type { CheckRecord } from './environment-checks.ts';

export type ReportLanguage = 'ja' | 'en';

export interface CheckReport {
  check: string;
  login: string;
  /** ISO 8601. */
  at: string;
  place: string;
  passed: boolean;
  network: { kind: string; sureness: string; words: Words };
  items: readonly Omit<JudgedItem, 'label'>[];
  line: LineFigures | null;
  claims: unknown;
  settings: CheckRecord['settings'];
}

export function checkReport(row: EnvironmentCheckRow, login: string): CheckReport {
  const { result, claims, settings } = row.record as CheckRecord;
  const { kind, sureness, words } = result.network;
  return {
    ...{ check: row.id, login, at: new Date(row.at).toISOString(), place: row.place, passed: row.passed },
    network: { kind, sureness, words },
    items: result.items.map(({ label: _, ...item }) => item),
    ...{ line: result.line, claims, settings },
  };
}

const texts = {
  title: { ja: '就業前の環境確認', en: 'Check before the shift' },
  passed: { ja: '合格', en: 'passed' },
  failed: { ja: '不合格', en: 'not passed' },
  login: { ja: 'ログイン名', en: 'Login' },
  at: { ja: '日時', en: 'When' },
  number: { ja: '確認番号', en: 'Check' },
  outcome: { ja: '結果', en: 'Result' },
  item: { ja: '項目', en: 'Item' },
  found: { ja: '内容', en: 'What was found' },
  by: { ja: '根拠', en: 'By' },
  measured: { ja: 'サーバーの測定', en: 'measured by the server' },
  claimed: { ja: 'ブラウザーの申告', en: 'told by the browser' },
  required: { ja: '必須', en: 'required' },
  advisory: { ja: '参考', en: 'advisory' },
  good: { ja: '良', en: 'good' },
  bad: { ja: '不良', en: 'bad' },
  unknown: { ja: '不明', en: 'not known' },
  up: { ja: 'ブラウザー→サーバー', en: 'Browser to server' },
  down: { ja: 'サーバー→ブラウザー', en: 'Server to browser' },
  nothing: { ja: '測定なし', en: 'not measured' },
} as const;

const symbols = { good: '○', bad: '×', unknown: '？' } as const;

function figuresOf(line: LineFigures | null, language: ReportLanguage): string[] {
  if (!line) return [];
  const ways = [
    [texts.up[language], line.up],
    [texts.down[language], line.down],
  ] as const;
  const told = ways.map(([name, way]) =>
    way
      ? `${name}: MOS ${way.mos}, R ${way.rating}, ${way.lossPercent} % (${way.lost}/${way.packets + way.lost}), ${way.jitterMs} ms (max. ${way.worstJitterMs} ms)`
      : `${name}: ${texts.nothing[language]}`,
  );
  const { roundTrip } = line;
  const trip = roundTrip ? [`RTT: ${roundTrip.meanMs} ms (${roundTrip.lowestMs}–${roundTrip.highestMs} ms)`] : [];
  return [...told, ...trip, `${line.codec}, ${line.candidate}/${line.protocol}, ${line.seconds} s`];
}

const timeOf = ({ at }: EnvironmentCheckRow, language: ReportLanguage): string =>
  new Intl.DateTimeFormat(language === 'ja' ? 'ja-JP' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'long',
  }).format(at);

/** For a mail or a telephone call with the help desk. */
export function reportText(row: EnvironmentCheckRow, login: string, language: ReportLanguage): string {
  const { result } = row.record as CheckRecord;
  const say = (words: Words) => words[language];
  const lines = result.items.map(
    ({ outcome, label, words, weight, source }) =>
      `${symbols[outcome]} ${say(label)} [${say(texts[weight])}] ${say(words)} (${say(texts[source])})`,
  );
  return [
    `${say(texts.title)}: ${say(row.passed ? texts.passed : texts.failed)}`,
    `${say(texts.login)}: ${login}`,
    `${say(texts.at)}: ${timeOf(row, language)}`,
    `${say(texts.number)}: ${row.id}`,
    '',
    ...lines,
    '',
    ...figuresOf(result.line, language),
    '',
  ].join('\n');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);

export function reportHtml(row: EnvironmentCheckRow, login: string, language: ReportLanguage): string {
  const { result } = row.record as CheckRecord;
  const say = (words: Words) => escaped(words[language]);
  const rows = result.items.map(
    ({ outcome, label, words, weight, source }) =>
      `<tr class="${outcome}"><td>${symbols[outcome]} ${say(texts[outcome])}</td><th scope="row">${say(label)}</th>` +
      `<td>${say(words)}</td><td>${say(texts[weight])}</td><td>${say(texts[source])}</td></tr>`,
  );
  const figures = figuresOf(result.line, language).map((line) => `<li>${escaped(line)}</li>`);
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${say(texts.title)} – ${escaped(login)}</title>
<style>
body { margin: 2rem auto; max-width: 56rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #22302a; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid #cdd6cf; text-align: start; vertical-align: top; font-weight: 400; }
thead th { font-size: .85rem; color: #55655c; }
tr.bad td:first-child { color: #a3271e; font-weight: 600; }
tr.good td:first-child { color: #2d6a3f; }
</style>
<h1>${say(texts.title)}: ${say(row.passed ? texts.passed : texts.failed)}</h1>
<p>${say(texts.login)}: ${escaped(login)}<br>${say(texts.at)}: ${escaped(timeOf(row, language))}<br>${say(texts.number)}: ${escaped(row.id)}</p>
<table>
<thead><tr><th>${say(texts.outcome)}</th><th>${say(texts.item)}</th><th>${say(texts.found)}</th><th></th><th>${say(texts.by)}</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
<ul>
${figures.join('\n')}
</ul>
</html>
`;
}
