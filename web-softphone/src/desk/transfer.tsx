// Transfer to a queue: one press more than the button, because it cannot be taken back.

import { Button, Dialog, DialogTrigger, Heading, Popover } from 'react-aria-components';
import type { DeskView } from '../../../src/api/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { useLanguage } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';

export function Transfer({ callId, targets }: { callId: string; targets: DeskView['transferTargets'] }) {
  const { words, language } = useLanguage();
  const { commands } = useDesk();
  return (
    <DialogTrigger>
      <Button className="button control">
        <Icon name="transfer" />
        {words.call.transfer}
      </Button>
      <Popover className="popover">
        <Dialog className="dialog small">
          {({ close }) => (
            <>
              <Heading slot="title" className="eyebrow">
                {words.call.transferTo}
              </Heading>
              {targets.map(({ queue, label }) => (
                <Button
                  key={queue}
                  className="button wide"
                  onPress={() => {
                    close();
                    void commands.transfer(callId, queue);
                  }}
                >
                  {label[language]}
                </Button>
              ))}
            </>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
