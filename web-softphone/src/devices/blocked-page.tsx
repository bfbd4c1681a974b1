// Why somebody does not come in: the reasons, whom to ask, and the reference to tell them. Where a computer that is let in would help, it
// can be asked for here, or a one-time code entered.

import type { ReactNode } from 'react';
import { Button } from 'react-aria-components';
import type { Blocked } from '../../../src/api/contracts/device.ts';
import { SignInFrame } from '../session/sign-in-frame.tsx';
import { useLanguage } from '../text/language.tsx';
import '../styles/devices.css';

interface BlockedPageProps {
  blocked: Blocked;
  onTryAgain(): void;
  children?: ReactNode;
}

export function BlockedPage({ blocked, onTryAgain, children }: BlockedPageProps) {
  const { words } = useLanguage();
  return (
    <SignInFrame title={words.devices.blockedTitle}>
      <Why blocked={blocked} />
      {children}
      <div className="row">
        <Button className="button" onPress={onTryAgain}>
          {words.devices.tryAgain}
        </Button>
      </div>
    </SignInFrame>
  );
}

/** At the place of the desk, for somebody who may look at the rest. */
export function DeskBlocked({ blocked, onTryAgain }: Omit<BlockedPageProps, 'children'>) {
  const { words } = useLanguage();
  return (
    <section className="card narrow" aria-labelledby="desk-blocked">
      <h1 id="desk-blocked">{words.devices.deskBlockedTitle}</h1>
      <Why blocked={blocked} />
      <div className="row">
        <Button className="button" onPress={onTryAgain}>
          {words.devices.tryAgain}
        </Button>
      </div>
    </section>
  );
}

/** In the language of the page first; the help desk may read the other one. */
function Why({ blocked }: { blocked: Blocked }) {
  const { words, language } = useLanguage();
  const other = language === 'ja' ? 'en' : 'ja';
  return (
    <div className="stack" role="alert">
      <ul className="blocked-why">
        {blocked.because.map((each) => (
          <li key={each.en}>
            {each[language]}
            <small lang={other}>{each[other]}</small>
          </li>
        ))}
      </ul>
      <dl className="blocked-facts">
        <div>
          <dt>{words.devices.ask}</dt>
          <dd>
            {blocked.contact[language]}
            {blocked.contact[other] !== blocked.contact[language] && (
              <small lang={other}>{blocked.contact[other]}</small>
            )}
          </dd>
        </div>
        <div>
          <dt>{words.devices.reference}</dt>
          <dd>
            <code>{blocked.reference}</code>
          </dd>
        </div>
      </dl>
    </div>
  );
}
