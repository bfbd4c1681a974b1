// Signed in or not, and what is shown then.

import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import type { SessionView } from '../../src/api/contract.ts';
import { type Api, createApi } from './api/client.ts';
import { DeviceDoor } from './devices/device-door.tsx';
import { Shell } from './session/shell.tsx';
import { SignInPage } from './session/sign-in-page.tsx';
import { useLanguage } from './text/language.tsx';

const StepUpDialog = lazy(() =>
  import('./session/step-up-dialog.tsx').then((module) => ({ default: module.StepUpDialog })),
);

type Session = { kind: 'asking' } | { kind: 'none'; wasSignedOut: boolean } | { kind: 'signed-in'; view: SessionView };

export function App() {
  const api = useMemo(createApi, []);
  return (
    <DeviceDoor api={api}>
      <Pages api={api} />
    </DeviceDoor>
  );
}

function Pages({ api }: { api: Api }) {
  const { prefer } = useLanguage();
  const [session, setSession] = useState<Session>({ kind: 'asking' });
  const [stepUp, setStepUp] = useState<((proven: boolean) => void) | undefined>();

  const enter = useCallback(
    (view: SessionView) => {
      api.setCsrfToken(view.csrfToken);
      prefer(view.person.language);
      setSession({ kind: 'signed-in', view });
    },
    [api, prefer],
  );

  useEffect(() => {
    let current = true;
    api.get<SessionView>('/session').then(
      (view) => current && enter(view),
      () => current && setSession({ kind: 'none', wasSignedOut: false }),
    );
    const off = api.onSignedOut(() => leave(true));
    return () => {
      current = false;
      off();
    };

    function leave(wasSignedOut: boolean) {
      api.setCsrfToken(undefined);
      setSession({ kind: 'none', wasSignedOut });
    }
  }, [api, enter]);

  useEffect(() => api.onStepUpNeeded(() => new Promise((resolve) => setStepUp(() => resolve))), [api]);

  function steppedUp(proven: boolean): void {
    stepUp?.(proven);
    setStepUp(undefined);
  }

  async function signOut(): Promise<void> {
    // Whether or not the server hears of it, this page forgets the session.
    await api.delete('/session').catch(() => undefined);
    api.setCsrfToken(undefined);
    setSession({ kind: 'none', wasSignedOut: false });
  }

  if (session.kind === 'asking') return null;
  if (session.kind === 'none') return <SignInPage api={api} wasSignedOut={session.wasSignedOut} onSignedIn={enter} />;
  return (
    <>
      <Shell api={api} session={session.view} onSignOut={() => void signOut()} />
      {stepUp && (
        <Suspense fallback={null}>
          <StepUpDialog api={api} onDone={steppedUp} />
        </Suspense>
      )}
    </>
  );
}
