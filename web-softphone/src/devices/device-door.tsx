// The door of devices in the page: stands before everything when this computer has to prove itself, or may not come in. What is shown then
// is loaded only then; while a computer proves itself silently, nothing is seen of it.

import { createContext, lazy, type ReactNode, Suspense, useContext, useEffect, useMemo, useState } from 'react';
import type { Blocked } from '../../../src/api/contracts/device.ts';
import type { Api, ShutOut } from '../api/client.ts';

const DeviceGate = lazy(() => import('./device-gate.tsx').then((module) => ({ default: module.DeviceGate })));
const BlockedPage = lazy(() => import('./blocked-page.tsx').then((module) => ({ default: module.BlockedPage })));
const DeskBlocked = lazy(() => import('./blocked-page.tsx').then((module) => ({ default: module.DeskBlocked })));
const RevokedPage = lazy(() => import('./revoked-page.tsx').then((module) => ({ default: module.RevokedPage })));

interface Desk {
  blocked: Blocked | undefined;
  tryAgain(): void;
}

const DeskContext = createContext<Desk>({ blocked: undefined, tryAgain: () => {} });

export function DeviceDoor({ api, children }: { api: Api; children: ReactNode }) {
  const [asked, setAsked] = useState<((proven: boolean) => void) | undefined>();
  const [out, setOut] = useState<ShutOut>();
  const [deskBlocked, setDeskBlocked] = useState<Blocked>();
  useEffect(() => api.onDeviceNeeded(() => new Promise((resolve) => setAsked(() => resolve))), [api]);
  useEffect(
    () =>
      api.onShutOut((shutOut) => {
        if (shutOut.kind === 'desk') return setDeskBlocked(shutOut.blocked);
        if (shutOut.kind === 'revoked') void import('./forget.ts').then((module) => module.forgetEverything());
        setOut(shutOut);
      }),
    [api],
  );
  const desk = useMemo(() => ({ blocked: deskBlocked, tryAgain: () => setDeskBlocked(undefined) }), [deskBlocked]);

  async function decided(proven: boolean): Promise<void> {
    if (!proven) {
      await api.delete('/session').catch(() => undefined);
      api.setCsrfToken(undefined);
    }
    asked?.(proven);
    setAsked(undefined);
  }

  const isShut = asked !== undefined || out !== undefined;
  return (
    <DeskContext value={desk}>
      <div hidden={isShut}>{children}</div>
      {isShut && (
        <Suspense fallback={null}>
          {out?.kind === 'revoked' && <RevokedPage onTryAgain={() => setOut(undefined)} />}
          {out?.kind === 'blocked' && <BlockedPage blocked={out.blocked} onTryAgain={() => setOut(undefined)} />}
          {!out && <DeviceGate api={api} onDone={(proven) => void decided(proven)} />}
        </Suspense>
      )}
    </DeskContext>
  );
}

/** In place of the desk: why there is none here now. */
export function DeskUnlessBlocked({ children }: { children: ReactNode }) {
  const { blocked, tryAgain } = useContext(DeskContext);
  if (!blocked) return children;
  return (
    <Suspense fallback={null}>
      <DeskBlocked blocked={blocked} onTryAgain={tryAgain} />
    </Suspense>
  );
}

/** While somebody is signed in; what was kept for the session is forgotten with it. */
export function useProvenDevice(api: Api): void {
  useEffect(() => {
    let stop: (() => void) | undefined;
    let isOver = false;
    import('./keep-proving.ts').then(
      ({ keepProving }) => {
        if (!isOver) stop = keepProving(api);
      },
      () => undefined,
    );
    return () => {
      isOver = true;
      stop?.();
      void import('./forget.ts').then((module) => module.forgetSession());
    };
  }, [api]);
}
