// What is done for a reason that is kept: the reason, what else is asked, send and cancel; in words what was refused.

import { type FormEvent, type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';
import { Button, Form, Input, Label, TextField } from 'react-aria-components';
import { ApiProblem } from '../api/client.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';

interface WhyFormProps {
  /** Names the field of the reason. */
  why: string;
  send: string;
  /** Shown in place of `send` while it is under way. */
  sending?: string;
  cancel: string;
  danger?: boolean;
  /** What else is asked is not answered yet. */
  isIncomplete?: boolean;
  /** Above the reason. */
  children?: ReactNode;
  /** What rejects with an ApiProblem is said below. */
  onSend(why: string): Promise<void>;
  onCancel(): void;
}

/** The server wants three letters at least. */
const leastWhy = 3;

export function WhyForm(props: WhyFormProps) {
  const { why, send, sending = send, cancel, danger = false, isIncomplete = false, children, onSend, onCancel } = props;
  const { words } = useLanguage();
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Refused>();
  const form = useRef<HTMLFormElement>(null);
  useReturn(form);
  const isReady = text.trim().length >= leastWhy && !isIncomplete && !busy;

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!isReady) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await onSend(text.trim());
    } catch (thrown) {
      setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
    }
    setBusy(false);
  }

  return (
    <Form ref={form} className="stack why-form" onSubmit={(event) => void submit(event)}>
      {children}
      <TextField
        className="field"
        value={text}
        onChange={setText}
        isRequired
        maxLength={300}
        autoComplete="off"
        autoFocus={!isIncomplete}
      >
        <Label>{why}</Label>
        <Input />
      </TextField>
      {problem && (
        <p className="problem" role="alert">
          {refusal(words, problem)}
        </p>
      )}
      <div className="row end">
        <Button className="button" onPress={onCancel}>
          {cancel}
        </Button>
        <Button type="submit" className={danger ? 'button danger' : 'button primary'} isDisabled={!isReady}>
          {busy ? sending : send}
        </Button>
      </div>
    </Form>
  );
}

/** A form that goes while it has the focus leaves it to the dialog that it stood in: Escape and Tab go on from there. */
function useReturn(form: RefObject<HTMLFormElement | null>): void {
  useEffect(() => {
    const dialog = form.current?.closest<HTMLElement>('[role=dialog]');
    return () =>
      void setTimeout(() => {
        if (dialog?.isConnected && !dialog.contains(document.activeElement)) dialog.focus();
      });
  }, [form]);
}
