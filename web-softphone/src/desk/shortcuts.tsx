// Keyboard shortcuts of the desk: Alt and a letter that browsers leave alone, by the place of the key, so that the Option key
// of a Mac works too. They press no button that is not there.

import { useEffect, useRef, useState } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Icon } from '../controls/icon.tsx';
import { useWords } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';

const letters = { answer: 'A', mute: 'M', hold: 'L', keypad: 'K', hangUp: 'Q', available: 'R', help: 'S' } as const;
export type ShortcutName = keyof typeof letters;
const names = Object.keys(letters) as ShortcutName[];

export const keysFor = (name: ShortcutName): string => `Alt+${letters[name]}`;

export function useShortcut(name: ShortcutName, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.repeat) return;
      if (event.code !== `Key${letters[name]}`) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [name]);
}

/** Those that belong to the call and the state, wherever the focus is. */
export function useShortcuts(): void {
  const { store, commands } = useDesk();
  const call = () => store.get().view?.call;
  const talking = () => {
    const current = call();
    return current && ['connected', 'held', 'detached'].includes(current.state) ? current : undefined;
  };
  useShortcut('answer', () => {
    const current = call();
    if (current?.state === 'alerting') void commands.answer(current.id);
  });
  useShortcut('mute', () => {
    const current = talking();
    if (current) void commands.setMuted(current.id, !current.muted);
  });
  useShortcut('hold', () => {
    const current = talking();
    if (current) void (current.heldSince === null ? commands.hold(current.id) : commands.resume(current.id));
  });
  useShortcut('hangUp', () => {
    const current = call();
    if (current && current.state !== 'alerting') void commands.hangUp(current.id);
  });
  useShortcut('available', () => void commands.setState('available'));
}

export function ShortcutsHelp() {
  const words = useWords();
  const [open, setOpen] = useState(false);
  useShortcut('help', () => setOpen((before) => !before));
  return (
    <DialogTrigger isOpen={open} onOpenChange={setOpen}>
      <Button className="button quiet small" aria-keyshortcuts={keysFor('help')}>
        <Icon name="keyboard" />
        {words.shell.shortcuts}
      </Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog className="dialog">
            <Heading slot="title">{words.shortcuts.title}</Heading>
            <dl className="shortcut-list">
              {names.map((name) => (
                <div key={name}>
                  <dt>
                    <kbd>Alt</kbd> <kbd>{letters[name]}</kbd>
                  </dt>
                  <dd>{words.shortcuts[name]}</dd>
                </div>
              ))}
            </dl>
            <p className="hint">{words.shortcuts.note}</p>
            <Button slot="close" className="button">
              {words.shell.close}
            </Button>
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
