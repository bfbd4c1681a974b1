// What was found, item by item: what failed first. For whoever made the check and for supervisors alike.

import type { EnvironmentCheckView, JudgedItem } from '../../../src/api/contracts/environment.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useLanguage } from '../text/language.tsx';

const icons: Record<JudgedItem['outcome'], IconName> = { good: 'check', bad: 'warning', unknown: 'shield' };
const order: Record<JudgedItem['outcome'], number> = { bad: 0, unknown: 1, good: 2 };
const rank = ({ outcome, weight }: JudgedItem) => order[outcome] * 2 + (weight === 'required' ? 0 : 1);

export function CheckItems({ check }: { check: EnvironmentCheckView }) {
  const { words, language } = useLanguage();
  const text = words.environment;
  const sorted = [...check.items].sort((a, b) => rank(a) - rank(b));
  return (
    <ul className="check-items">
      {sorted.map((item) => (
        <li key={item.item} className="check-item" data-outcome={item.outcome} data-weight={item.weight}>
          <Icon name={icons[item.outcome]} />
          <div>
            <p className="check-label">
              <strong>{item.label[language]}</strong>
              <span className="unseen">{text.outcomes[item.outcome]}</span>
              <small>
                {text.weights[item.weight]} · {text.sources[item.source]}
              </small>
            </p>
            <p>{item.words[language]}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

export function CheckFigures({ check: { line } }: { check: EnvironmentCheckView }) {
  const { environment: text } = useLanguage().words;
  if (!line) return <p className="hint">{text.noLine}</p>;
  const ways = [
    { name: text.up, way: line.up },
    { name: text.down, way: line.down },
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <div className="board-scroll" tabIndex={0}>
      <table className="check-figures">
        <thead>
          <tr>
            <th scope="col">{text.direction}</th>
            <th scope="col">MOS</th>
            <th scope="col">R</th>
            <th scope="col">{text.loss}</th>
            <th scope="col">{text.jitter}</th>
          </tr>
        </thead>
        <tbody>
          {ways.map(({ name, way }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{way?.mos ?? '–'}</td>
              <td>{way?.rating ?? '–'}</td>
              <td>{way ? `${way.lossPercent} %` : '–'}</td>
              <td>{way ? `${way.jitterMs} ms` : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="hint">
        {line.roundTrip && text.roundTrip(line.roundTrip.meanMs, line.roundTrip.lowestMs, line.roundTrip.highestMs)}{' '}
        {line.codec} · {line.candidate}/{line.protocol} · {text.seconds(line.seconds)}
      </p>
    </div>
  );
}
