// Signed in or not, and what is shown then.

import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import type { SessionView } from '../../src/api/contract.ts';
import type { HalfOpenView } from '../../src/api/contracts/sign-in.ts';
import { type Api, createApi } from './api/client.ts';
import { DeviceDoor } from './devices/device-door.tsx';
import { Shell } from './session/shell.tsx';
import { SignInPage } from './session/sign-in-page.tsx';
import { useLanguage } from './text/language.tsx';

const StepUpDialog = lazy(() =>
  import('./session/step-up-dialog.tsx').then((module) => ({ default: module.StepUpDialog })),
);

const SecondFactorPage = lazy(() =>
  import('./session/second-factor-page.tsx').then((module) => ({ default: module.SecondFactorPage })),
);
const InvitationPage = lazy(() =>
  import('./session/invitation-page.tsx').then((module) => ({ default: module.InvitationPage })),
);

type Session =
  | { kind: 'asking' }
  | { kind: 'none'; wasSignedOut: boolean; signedOn?: string }
  | { kind: 'invited'; token: string }
  /** The password is right; the second factor comes next. */
  | { kind: 'half-open'; view: HalfOpenView }
  | { kind: 'signed-in'; view: SessionView };

/** What led here: a link that invites, or the way back from single sign-on. It does not stay in the address. */
function takeHash(): { invitation?: string; signOn?: string } {
  const { invitation, 'sign-on': signOn } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (invitation || signOn) history.replaceState(null, '', location.pathname + location.search);
  return { ...(invitation ? { invitation } : {}), ...(signOn ? { signOn } : {}) };
}

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

  const [ledHere] = useState(takeHash);

  useEffect(() => {
    // A link that is opened where these pages are open already loads nothing by itself.
    const follow = () => location.hash.startsWith('#invitation=') && location.reload();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);

  useEffect(() => {
    let current = true;
    const { invitation, signOn } = ledHere;
    const begin = async (): Promise<void> => {
      if (invitation) return setSession({ kind: 'invited', token: invitation });
      if (signOn === 'second-factor') {
        const view = await api.get<HalfOpenView>('/session/half-open');
        return setSession({ kind: 'half-open', view });
      }
      const view = await api.get<SessionView>('/session');
      if (current) enter(view);
    };
    begin().catch(
      () => current && setSession({ kind: 'none', wasSignedOut: false, ...(signOn ? { signedOn: signOn } : {}) }),
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
  }, [api, enter, ledHere]);

  useEffect(() => api.onStepUpNeeded(() => new Promise((resolve) => setStepUp(() => resolve))), [api]);

  function steppedUp(proven: boolean): void {
    stepUp?.(proven);
    setStepUp(undefined);
  }

  async function signOut(): Promise<void> {
    // Whether or not the server hears of it, this page forgets the session.
    const there = await api.delete<{ url: string } | undefined>('/session').catch(() => undefined);
    api.setCsrfToken(undefined);
    // It began at the company's account, and ends there, too.
    if (there) location.assign(there.url);
    setSession({ kind: 'none', wasSignedOut: false });
  }

  const begins = {
    api,
    onSignedIn: enter,
    onHalfOpen: (view: HalfOpenView) => setSession({ kind: 'half-open', view }),
    onBack: () => setSession({ kind: 'none', wasSignedOut: false }),
  };
  switch (session.kind) {
    case 'asking':
      return null;
    case 'none':
      return <SignInPage {...begins} wasSignedOut={session.wasSignedOut} signedOn={session.signedOn} />;
    case 'invited':
      return (
        <Suspense fallback={null}>
          <InvitationPage {...begins} token={session.token} />
        </Suspense>
      );
    case 'half-open':
      return (
        <Suspense fallback={null}>
          <SecondFactorPage {...begins} halfOpen={session.view} />
        </Suspense>
      );
    case 'signed-in':
  }
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
