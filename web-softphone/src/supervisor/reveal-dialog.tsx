// The number behind an alias: asked for with a purpose, shown for a minute, forgotten. It is in the memory of this dialog alone.

import { useEffect, useState } from 'react';
import { Button, Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { RevealedNumber, RevealView } from '../../../src/api/contracts/reveal.ts';
import type { Api } from '../api/client.ts';
import { Icon } from '../controls/icon.tsx';
import { usePurpose } from '../controls/purpose.tsx';
import { useRevealWords } from '../text/reveal-words.ts';
import { useAct } from './use-act.ts';

interface RevealDialogProps {
  api: Api;
  callId: string;
  alias: string;
  purposes: RevealView['purposes'];
  onClose(): void;
}

export function RevealDialog({ api, callId, alias, purposes, onClose }: RevealDialogProps) {
  const text = useRevealWords();
  const [shown, setShown] = useState<RevealedNumber>();
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{text.dialogTitle(alias)}</Heading>
          {shown ? (
            <Shown {...shown} onOver={onClose} />
          ) : (
            <Ask api={api} callId={callId} purposes={purposes} onShown={setShown} onCancel={onClose} />
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Shown({ number, shownSeconds, onOver }: RevealedNumber & { onOver(): void }) {
  const text = useRevealWords();
  const [left, setLeft] = useState(shownSeconds);
  useEffect(() => {
    // By the clock: a tab in the background is ticked rarely.
    const until = Date.now() + shownSeconds * 1000;
    const timer = setInterval(() => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) onOver();
      else setLeft(seconds);
    }, 1000);
    return () => clearInterval(timer);
  }, [shownSeconds, onOver]);
  return (
    <>
      <p className="revealed" data-testid="revealed-number">
        {number}
      </p>
      <p className="hint" role="timer">
        {text.forgotten(left)}
      </p>
      <div className="row end">
        <Button className="button primary" onPress={onOver}>
          {text.hide}
        </Button>
      </div>
    </>
  );
}

interface AskProps extends Pick<RevealDialogProps, 'api' | 'callId' | 'purposes'> {
  onShown(number: RevealedNumber): void;
  onCancel(): void;
}

function Ask({ api, callId, purposes, onShown, onCancel }: AskProps) {
  const text = useRevealWords();
  const { purpose, note, isGiven, fields } = usePurpose(purposes, text);
  const [busy, setBusy] = useState(false);
  const { refused, act } = useAct(() => {});
  async function ask(): Promise<void> {
    setBusy(true);
    await act(async () =>
      onShown(
        await api.post<RevealedNumber>(`/calls/${encodeURIComponent(callId)}/number-reveals`, {
          purpose,
          ...(note === '' ? {} : { note }),
        }),
      ),
    );
    setBusy(false);
  }
  return (
    <>
      <p className="hint">{text.lead}</p>
      {fields}
      {refused && (
        <p className="problem" role="alert">
          {refused}
        </p>
      )}
      <div className="row end">
        <Button className="button" onPress={onCancel}>
          {text.cancel}
        </Button>
        <Button className="button primary" isDisabled={!isGiven || busy} onPress={() => void ask()}>
          <Icon name="shield" />
          {busy ? text.asking : text.show}
        </Button>
      </div>
    </>
  );
}
