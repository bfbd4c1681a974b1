// At the desk: ask a supervisor for help, see that it was seen, and what is answered. A few choices in place of a chat, so that
// nothing a customer says is typed here.

import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { DeskView } from '../../../src/api/contract.ts';
import type { HelpView } from '../../../src/api/contracts/help.ts';
import type { HelpAbout, HelpAnswer } from '../../../src/shared/events.ts';
import { Icon } from '../controls/icon.tsx';
import { useDesk } from '../desk/desk-context.ts';
import { clockOf, useServerNow } from '../state/now.ts';
import { useFetched } from '../state/use-fetched.ts';
import { useHelpWords } from '../text/help-words.ts';
import '../styles/help.css';

export function HandCard({ help }: { help: DeskView['help'] }) {
  const words = useHelpWords();
  const { api, commands } = useDesk();
  const attempt = (work: Promise<unknown>) => void work.catch(commands.explain);
  return (
    <section className="card hand-card" aria-labelledby="hand-title" data-raised={help !== undefined}>
      <h2 id="hand-title" className="eyebrow">
        {words.title}
      </h2>
      <div role="status">{help && <Raised help={help} />}</div>
      {help ? (
        <Button className="button small" onPress={() => attempt(api.delete('/desk/help'))}>
          <Icon name="check" />
          {words.takeDown}
        </Button>
      ) : (
        <MenuTrigger>
          <Button className="button choice">
            <Icon name="hand" />
            {words.ask}
            <Icon name="down" />
          </Button>
          <Popover className="popover">
            <Menu
              className="menu"
              aria-label={words.choose}
              onAction={(about) => attempt(api.put('/desk/help', { about }))}
            >
              {Object.entries(words.abouts).map(([about, label]) => (
                <MenuItem key={about} id={about} className="option">
                  {label}
                </MenuItem>
              ))}
            </Menu>
          </Popover>
        </MenuTrigger>
      )}
    </section>
  );
}

function Raised({ help }: { help: NonNullable<DeskView['help']> }) {
  const words = useHelpWords();
  const { api } = useDesk();
  const now = useServerNow();
  const by = useFetched(() => api.get<HelpView>('/desk/help'), help.answer)?.answeredBy;
  return (
    <>
      <p className="hand-about">
        <Icon name="hand" />
        {words.abouts[help.about as HelpAbout]}
        <span className="clock" aria-hidden="true">
          {clockOf(now - help.askedAt)}
        </span>
      </p>
      {help.answer === null ? (
        <p className="hint">{words.waiting}</p>
      ) : (
        <p className="hand-answer" data-testid="help-answer">
          {by && <small>{words.from(by.displayName)}</small>}
          {words.answers[help.answer as HelpAnswer]}
        </p>
      )}
    </>
  );
}
