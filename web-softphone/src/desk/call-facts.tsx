// What may be known of a call: why, which class of personal information, whom (an alias), where they called.

import type { DeskCall } from '../../../src/api/contract.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useLanguage } from '../text/language.tsx';

const icons: Record<DeskCall['information']['level'], IconName> = { none: 'leaf', some: 'person', most: 'shield' };

/** Colour, symbol and the company's words say the same. */
export function PiiBadge({ call }: { call: DeskCall }) {
  const { language } = useLanguage();
  const { label, level } = call.information;
  return (
    <span className="pii" data-level={level}>
      <Icon name={icons[level]} />
      {capitalized(label[language])}
    </span>
  );
}

/** Labels are parts of sentences. */
const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function Alias({ call }: { call: DeskCall }) {
  const { words } = useLanguage();
  return (
    <p className="alias">
      <span className="eyebrow">{words.call.customer}</span>
      <strong data-testid="alias">
        {call.alias ?? (call.withheld ? words.call.withheld[call.withheld] : words.call.unknownCustomer)}
      </strong>
    </p>
  );
}

export function CallFacts({ call, waited }: { call: DeskCall; waited?: string }) {
  const { words, language } = useLanguage();
  const number = call.companyNumberLabel?.[language] ?? call.companyNumber;
  return (
    <dl className="facts">
      <div>
        <dt>{call.direction === 'inbound' ? words.call.calledNumber : words.call.presentedNumber}</dt>
        <dd>{number}</dd>
      </div>
      {call.queueLabel && (
        <div>
          <dt>{words.call.queue}</dt>
          <dd>{call.queueLabel[language]}</dd>
        </div>
      )}
      {waited !== undefined && (
        <div>
          <dt>{words.call.waited}</dt>
          <dd className="clock">{waited}</dd>
        </div>
      )}
    </dl>
  );
}
