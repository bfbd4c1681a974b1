// This computer was revoked: nothing is kept in this browser any more.

import { Button } from 'react-aria-components';
import { SignInFrame } from '../session/sign-in-frame.tsx';
import { useWords } from '../text/language.tsx';

export function RevokedPage({ onTryAgain }: { onTryAgain(): void }) {
  const words = useWords();
  return (
    <SignInFrame title={words.devices.states.revoked}>
      <p role="alert">{words.devices.revokedNotice}</p>
      <div className="row">
        <Button className="button" onPress={onTryAgain}>
          {words.devices.tryAgain}
        </Button>
      </div>
    </SignInFrame>
  );
}
