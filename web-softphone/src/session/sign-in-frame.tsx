// What surrounds every page before one is signed in: the card before the view from the veranda.

import type { ReactNode } from 'react';
import { Scene } from '../controls/scene.tsx';
import { useWords } from '../text/language.tsx';
import { LanguageSwitch } from './language-switch.tsx';

export function SignInFrame({ title, children }: { title: string; children: ReactNode }) {
  const words = useWords();
  return (
    <div className="sign-in">
      <main className="sign-in-card" id="main">
        <div className="sign-in-head">
          <p className="brand">
            縁側 <span lang="en">Engawa</span>
          </p>
          <LanguageSwitch />
        </div>
        <p className="brand-line">{words.productLine}</p>
        <h1>{title}</h1>
        {children}
      </main>
      <Scene className="sign-in-scene" />
    </div>
  );
}
