// After-call work: time to note things down, with a clock that ends it.

import { Button } from 'react-aria-components';
import { Icon } from '../controls/icon.tsx';
import { Scene } from '../controls/scene.tsx';
import { clockOf, useServerNow } from '../state/now.ts';
import { useWords } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';
import { keysFor } from './shortcuts.tsx';

export function AfterCallCard({ endsAt }: { endsAt: number | null }) {
  const words = useWords();
  const { commands } = useDesk();
  const now = useServerNow();
  return (
    <section className="card call-card after-call" aria-labelledby="after-call-title">
      <h2 id="after-call-title" className="eyebrow with-icon">
        <Icon name="check" />
        {words.afterCall.title}
      </h2>
      {endsAt !== null && (
        <p className="big-clock">
          <span className="clock">{clockOf(endsAt - now + 999)}</span> <small>{words.afterCall.left}</small>
        </p>
      )}
      <p>{words.afterCall.text}</p>
      <div className="row">
        <Button
          className="button primary large"
          aria-keyshortcuts={keysFor('available')}
          onPress={() => void commands.setState('available')}
        >
          <Icon name="check" />
          {words.afterCall.done}
        </Button>
        <Button className="button large" onPress={() => void commands.setState('not-ready', 'break')}>
          <Icon name="cup" />
          {words.afterCall.thenBreak}
        </Button>
      </div>
      <Scene className="card-scene low" />
    </section>
  );
}
