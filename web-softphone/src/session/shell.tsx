// What surrounds every page of somebody who is signed in: company, person, place, language, views, sign out.

import { lazy, Suspense, useState } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { SessionView } from '../../../src/api/contract.ts';
import type { Api } from '../api/client.ts';
import { Icon } from '../controls/icon.tsx';
import { DeskPage } from '../desk/desk-page.tsx';
import { DeskUnlessBlocked, useProvenDevice } from '../devices/device-door.tsx';
import { type SectionName, sectionsFor } from '../sections.ts';
import { useWords } from '../text/language.tsx';
import { LanguageSwitch } from './language-switch.tsx';

const Wallboard = lazy(() => import('../supervisor/wallboard.tsx').then((module) => ({ default: module.Wallboard })));

type View = 'desk' | 'wallboard' | SectionName;

export function Shell({ api, session, onSignOut }: { api: Api; session: SessionView; onSignOut(): void }) {
  const words = useWords();
  const { person } = session;
  const hasDesk = person.role === 'agent' || (person.role === 'supervisor' && person.queues.length > 0);
  const hasBoard = person.role === 'supervisor' || person.role === 'administrator';
  const sections = sectionsFor(person);
  const views: View[] = [...(hasBoard ? (['wallboard'] as const) : []), ...(hasDesk ? (['desk'] as const) : [])];
  views.push(...sections.map(({ name }) => name));
  const [view, setView] = useState<View>(views[0] ?? 'desk');
  const section = sections.find(({ name }) => name === view);
  const [inCall, setInCall] = useState(false);
  useProvenDevice(api);

  return (
    <div className="shell">
      <a className="skip" href="#main">
        {words.skipToMain}
      </a>
      <header className="shell-head">
        <p className="brand">縁側</p>
        <p className="company">{session.company}</p>
        {views.length > 1 && (
          <nav className="views" data-many={views.length > 3} aria-label={words.shell.views}>
            {views.map((each) => (
              <Button
                key={each}
                className="tab"
                aria-current={view === each ? 'page' : undefined}
                onPress={() => setView(each)}
              >
                {each === 'desk' || each === 'wallboard' ? words.shell[each] : words.sections[each]}
              </Button>
            ))}
          </nav>
        )}
        <div className="who">
          <span className="who-name">{person.displayName}</span>
          <span className="badge" data-place={person.place}>
            <Icon name={person.place === 'home' ? 'home' : 'building'} />
            {words.shell.places[person.place]}
          </span>
        </div>
        <div className="shell-tools">
          <LanguageSwitch />
          <SignOut inCall={inCall} onSignOut={onSignOut} />
        </div>
      </header>
      <main id="main" className="shell-main" tabIndex={-1}>
        {hasDesk && (
          <div hidden={view !== 'desk'}>
            <DeskUnlessBlocked>
              <DeskPage api={api} session={session} onCallChange={setInCall} />
            </DeskUnlessBlocked>
          </div>
        )}
        {hasBoard && view === 'wallboard' && (
          <Suspense fallback={null}>
            <Wallboard api={api} session={session} hasDesk={hasDesk} />
          </Suspense>
        )}
        {section && (
          <Suspense fallback={null}>
            <section.page api={api} session={session} />
          </Suspense>
        )}
      </main>
    </div>
  );
}

/** Asks only where something would be left behind. */
function SignOut({ inCall, onSignOut }: { inCall: boolean; onSignOut(): void }) {
  const words = useWords();
  if (!inCall) {
    return (
      <Button className="button quiet" onPress={onSignOut}>
        {words.shell.signOut}
      </Button>
    );
  }
  return (
    <DialogTrigger>
      <Button className="button quiet">{words.shell.signOut}</Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog role="alertdialog" className="dialog">
            {({ close }) => (
              <>
                <Heading slot="title">{words.shell.signOut}</Heading>
                <p>{words.shell.signOutInCall}</p>
                <div className="row end">
                  <Button className="button" onPress={close} autoFocus>
                    {words.shell.stay}
                  </Button>
                  <Button className="button danger" onPress={onSignOut}>
                    {words.shell.signOut}
                  </Button>
                </div>
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
