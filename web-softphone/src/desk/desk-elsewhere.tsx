// The desk is open at another computer: says where, and offers to bring it here with its call.

import { Button } from 'react-aria-components';
import { useLanguage } from '../text/language.tsx';
import { browserOf } from './browser-of.ts';
import type { Elsewhere } from './desk-model.ts';

export function DeskElsewhere({ elsewhere, onTakeOver }: { elsewhere: Elsewhere; onTakeOver(): void }) {
  const { words, language } = useLanguage();
  const { taken, since, userAgent, place, inCall } = elsewhere;
  const time = since && new Date(since).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' });
  const where = [
    userAgent && browserOf(userAgent),
    place && words.shell.places[place],
    time && words.tab.signedInAt(time),
  ].filter((part) => part);
  return (
    <section className="card narrow" aria-live="polite">
      <h1>{taken ? words.tab.otherComputerTaken : words.tab.otherComputer}</h1>
      {where.length > 0 && <p>{words.tab.otherComputerText(where.join(language === 'ja' ? '、' : ', '))}</p>}
      {taken && <p>{words.tab.otherComputerTakenText}</p>}
      {inCall && !taken && <p>{words.tab.otherComputerCall}</p>}
      <Button className="button primary" onPress={onTakeOver}>
        {words.tab.takeOver}
      </Button>
    </section>
  );
}
