// Where a call can go from here: a queue, a colleague, a place outside; at once, or after asking there first. Or to a park slot.

import { Button, Heading } from 'react-aria-components';
import type { DeskView } from '../../../src/api/contract.ts';
import type { TransferTarget } from '../../../src/api/contracts/talk.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFetched } from '../state/use-fetched.ts';
import { useLanguage } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';

interface TransferProps {
  callId: string;
  targets: DeskView['transferTargets'];
}

export function Transfer(props: TransferProps) {
  const { words } = useLanguage();
  return (
    <DialogFrom
      trigger={
        <Button className="button control">
          <Icon name="transfer" />
          {words.call.transfer}
        </Button>
      }
    >
      {(close) => <Places {...props} close={close} />}
    </DialogFrom>
  );
}

interface Place {
  key: string;
  name: string;
  note?: string;
  target: TransferTarget;
}

function Places({ callId, targets, close }: TransferProps & { close(): void }) {
  const { words, language } = useLanguage();
  const { commands } = useDesk();
  const { talk } = commands;
  const colleagues = useFetched(talk.colleagues) ?? [];
  const outside = useFetched(talk.places) ?? [];
  const groups: { title: string; places: Place[] }[] = [
    {
      title: words.transfer.queues,
      places: targets.map(({ queue, label }) => ({ key: queue, name: label[language], target: { queue } })),
    },
    {
      title: words.transfer.colleagues,
      places: colleagues.map(({ personId, displayName, state }) => ({
        key: personId,
        name: displayName,
        note: words.states[state as DeskView['state']] ?? state,
        target: { personId },
      })),
    },
    {
      title: words.transfer.outside,
      places: outside.map(({ name, label }) => ({ key: name, name: label[language], target: { outside: name } })),
    },
  ];
  const then = (act: Promise<boolean>) => {
    close();
    void act;
  };
  return (
    <>
      <div className="dialog-head">
        <Heading slot="title">{words.transfer.title}</Heading>
        <Button className="button quiet small" aria-label={words.shell.close} onPress={close}>
          <Icon name="close" />
        </Button>
      </div>
      {groups
        .filter(({ places }) => places.length > 0)
        .map(({ title, places }) => (
          <section key={title} className="place-group" aria-label={title}>
            <h3 className="eyebrow">{title}</h3>
            <ul className="places">
              {places.map(({ key, name, note, target }) => (
                <li key={key} className="place">
                  <span>
                    {name} {note && <small className="hint">{note}</small>}
                  </span>
                  <Button
                    className="button small"
                    aria-label={words.transfer.askFirstOf(name)}
                    onPress={() => then(talk.consult(callId, target))}
                  >
                    {words.transfer.askFirst}
                  </Button>
                  <Button
                    className="button small primary"
                    aria-label={words.transfer.nowTo(name)}
                    onPress={() => then(talk.transferTo(callId, target))}
                  >
                    {words.transfer.now}
                  </Button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      <Button className="button" onPress={() => then(talk.act(callId, 'park'))}>
        <Icon name="pause" />
        {words.transfer.park}
      </Button>
    </>
  );
}
