// What somebody may see and do about the own account.

import { OwnAudit } from '../audit/own-audit.tsx';
import { OwnPledge } from '../home-work/own-pledge.tsx';
import type { SectionProps } from '../sections.ts';
import { useWords } from '../text/language.tsx';
import { OwnSessions } from './own-sessions.tsx';
import { Security } from './security.tsx';
import '../styles/board.css';

export function AccountPage({ api, session }: SectionProps) {
  const words = useWords();
  const { displayName, login } = session.person;
  return (
    <section className="board security" aria-labelledby="account-title">
      <header>
        <h1 id="account-title">{words.sections.account}</h1>
        <p>
          {displayName} ({login})
        </p>
      </header>
      <OwnPledge api={api} />
      <Security api={api} session={session} />
      <OwnSessions api={api} />
      <OwnAudit api={api} />
    </section>
  );
}
