// Dial out: an alias, or a number where that is allowed; the customer sees a number of the company.

import { type FormEvent, useEffect, useState } from 'react';
import { Button, Form, Input, Label, Text, TextField } from 'react-aria-components';
import type { DeskView, PlaceCall } from '../../../src/api/contract.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { Icon } from '../controls/icon.tsx';
import { useLanguage } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';

const usual = 'usual';

/** A call out begins at the desk's own device. */
export const canCall = ({ device, softphone }: DeskView) => device === 'telephone' || softphone.registered;

/** Digits with the marks people put between them are a number; anything else is an alias. */
export function targetOf(typed: string): PlaceCall['to'] {
  const text = typed.normalize('NFKC').trim();
  return /^\+?[\d\s().‐-―-]+$/.test(text) ? { number: text.replace(/[^\d+]/g, '') } : { alias: text.toUpperCase() };
}

interface DialCardProps {
  view: DeskView;
  demo: boolean;
  /** What the simulated customer keys at the menu, so that the call may come to this person. */
  testDigits: string;
}

export function DialCard({ view, demo, testDigits }: DialCardProps) {
  const { words, language } = useLanguage();
  const { commands } = useDesk();
  const [typed, setTyped] = useState('');
  const [presented, setPresented] = useState(usual);
  const [testPlaced, setTestPlaced] = useState(false);
  const { numbersAllowed, presentedNumbers } = view.dialling;
  const free = view.call === null && canCall(view) && ['not-ready', 'available'].includes(view.state);

  const hasCall = view.call !== null;
  useEffect(() => {
    if (hasCall) setTestPlaced(false);
  }, [hasCall]);
  const waits = view.state === 'available' ? words.dial.testCallPlaced : words.dial.testCallWaits;
  const hint = testPlaced ? waits : words.dial.testCallHint;

  async function dial(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (typed.trim() === '' || !free) return;
    if (await commands.dial(targetOf(typed), presented === usual ? undefined : presented)) setTyped('');
  }

  return (
    <section className="card" aria-labelledby="dial-title">
      <h2 id="dial-title" className="eyebrow">
        {words.dial.title}
      </h2>
      <Form className="stack" onSubmit={(event) => void dial(event)}>
        <TextField className="field" value={typed} onChange={setTyped} autoComplete="off">
          <Label>{numbersAllowed ? words.dial.field : words.dial.fieldAliasOnly}</Label>
          <div className="with-button">
            <Input inputMode="text" spellCheck="false" autoCapitalize="characters" />
            <Button type="submit" className="button primary" isDisabled={!free || typed.trim() === ''}>
              <Icon name="phone" />
              {words.dial.button}
            </Button>
          </div>
          <Text slot="description" className="hint">
            {free ? (numbersAllowed ? words.dial.hint : words.dial.hintAliasOnly) : words.dial.notNow}
          </Text>
        </TextField>
        <ChooseOne
          label={words.dial.present}
          chosen={presented}
          onChoose={setPresented}
          options={[
            { id: usual, label: words.dial.presentDefault },
            ...presentedNumbers.map(({ number, label }) => ({ id: number, label: label[language] })),
          ]}
        />
      </Form>
      {demo && (
        <div className="test-call">
          <Button
            className="button wide"
            onPress={() => {
              setTestPlaced(true);
              void commands.placeTestCall(testDigits);
            }}
          >
            <Icon name="bell" />
            {words.dial.testCall}
          </Button>
          <p className="hint" role="status">
            {hint}
          </p>
        </div>
      )}
    </section>
  );
}
