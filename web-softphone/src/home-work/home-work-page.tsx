// Who may work from home: for supervisors and administrators, with the sentence of what is missing and what ends soon.

import type { HomeWorkPersonView } from '../../../src/api/contracts/device.ts';
import { Icon } from '../controls/icon.tsx';
import type { SectionProps } from '../sections.ts';
import { useFetched } from '../state/use-fetched.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useLanguage } from '../text/language.tsx';
import '../styles/board.css';
import '../styles/devices.css';

const soonMs = 60 * 86_400_000;

export function HomeWorkPage({ api }: SectionProps) {
  const { words, language } = useLanguage();
  const text = words.homeWork;
  const people = useFetched(async () => (await api.get<{ items: HomeWorkPersonView[] }>('/home-work/people')).items);
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });
  const [first] = people ?? [];
  const sorted = [...(people ?? [])].sort(
    (one, other) => Number(one.standing.eligible) - Number(other.standing.eligible),
  );
  return (
    <div className="board">
      <div className="page-head">
        <div>
          <h1>{text.title}</h1>
          {first && <p className="hint">{text.lead(day.format(new Date(`${first.standing.from}T00:00`)))}</p>}
        </div>
      </div>
      <BoardTable
        id="home-work"
        title={text.title}
        columns={[{ label: text.person }, { label: text.standing }, { label: text.missing }, { label: text.pledge }]}
        empty={text.noRules}
        rows={
          people &&
          sorted.map(({ person, standing }) => (
            <tr key={person.id}>
              <td>{person.displayName}</td>
              <td>
                <span className="chip" data-ok={standing.eligible}>
                  <Icon name={standing.eligible ? 'home' : 'warning'} />
                  {standing.eligible ? text.yes : text.no}
                </span>
              </td>
              <td>
                {standing.missing.map((each) => (
                  <span key={each.words.en} className="device-sub">
                    {each.words[language]}
                  </span>
                ))}
                {standing.ends && standing.ends.at - Date.now() < soonMs && (
                  <span className="device-sub">
                    {text.endsSoon(text.ends[standing.ends.what], day.format(standing.ends.at))}
                  </span>
                )}
              </td>
              <td>{standing.pledge ? day.format(standing.pledge.expiresAt) : '–'}</td>
            </tr>
          ))
        }
      />
    </div>
  );
}
