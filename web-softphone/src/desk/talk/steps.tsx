// A call that is split by step: what came before, handing over to somebody without personal information, and the one key for when
// personal information comes up after all.

import { useState } from 'react';
import { Button, Checkbox, Heading } from 'react-aria-components';
import type { DeskCall, DeskView } from '../../../../src/api/contract.ts';
import { ChooseOne } from '../../controls/choose-one.tsx';
import { DialogFrom } from '../../controls/dialog-from.tsx';
import { Icon } from '../../controls/icon.tsx';
import { useFetched } from '../../state/use-fetched.ts';
import { useLanguage } from '../../text/language.tsx';
import { useDesk } from '../desk-context.ts';

/** What others did before, so that the customer need not say it again. */
export function StepsSoFar({ call }: { call: DeskCall }) {
  return call.steps.length === 0 && call.verified.length === 0 ? null : <Steps call={call} />;
}

function Steps({ call }: { call: DeskCall }) {
  const { words, language } = useLanguage();
  const { talk } = useDesk().commands;
  const choices = useFetched(talk.steps, call.steps.length);
  const factors = useFetched(talk.factors, call.verified.length);
  const nameOf = (factor: string) =>
    choices?.factors.find(({ id }) => id === factor)?.label[language] ??
    factors?.find(({ name }) => name === factor)?.label[language] ??
    factor;
  return (
    <div className="talk-panel" data-kind="steps">
      {call.verified.length > 0 && (
        <p className="with-icon">
          <Icon name="check" />
          {words.steps.verified(call.verified.map(nameOf).join(words.steps.comma))}
        </p>
      )}
      <ul className="steps-so-far">
        {call.steps.map((step) => (
          <li key={step.at}>
            {words.steps.kinds[step.kind]}
            {Object.entries(step.facts).map(([name, value]) => {
              const fact = choices?.facts.find((one) => one.name === name);
              const chosen = fact?.values.find(({ id }) => id === value);
              return (
                <span key={name} className="hint">
                  {' '}
                  {fact?.label[language] ?? name}: {chosen?.label[language] ?? value}
                </span>
              );
            })}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function PiiCameUp({ callId }: { callId: string }) {
  const { words } = useLanguage();
  const { talk } = useDesk().commands;
  return (
    <div className="pii-came-up">
      <Button className="button wide warning" onPress={() => void talk.piiCameUp(callId)}>
        <Icon name="shield" />
        {words.steps.piiCameUp}
      </Button>
      <p className="hint">{words.steps.piiCameUpHint}</p>
    </div>
  );
}

interface HandOverProps {
  call: DeskCall;
  targets: DeskView['transferTargets'];
}

export function HandOver(props: HandOverProps) {
  const { words } = useLanguage();
  return (
    <DialogFrom
      trigger={
        <Button className="button control">
          <Icon name="home" />
          {words.steps.handOver}
        </Button>
      }
    >
      {(close) => <HandOverForm {...props} close={close} />}
    </DialogFrom>
  );
}

function HandOverForm({ call, targets, close }: HandOverProps & { close(): void }) {
  const { words, language } = useLanguage();
  const { talk } = useDesk().commands;
  const choices = useFetched(talk.steps);
  const reasons = useFetched(talk.reasons)?.filter(({ free }) => free) ?? [];
  const [reason, setReason] = useState('');
  const [queue, setQueue] = useState('');
  const [verified, setVerified] = useState<ReadonlySet<string>>(new Set());
  const [facts, setFacts] = useState<Record<string, string>>({});
  const ready = reason !== '' && queue !== '';
  return (
    <>
      <Heading slot="title">{words.steps.handOverTitle}</Heading>
      <p className="hint">{words.steps.handOverHint}</p>
      <ChooseOne
        label={words.steps.reason}
        chosen={reason}
        onChoose={setReason}
        options={reasons.map(({ id, label }) => ({ id, label: label[language] }))}
      />
      <ChooseOne
        label={words.steps.queue}
        chosen={queue}
        onChoose={setQueue}
        options={targets.map((target) => ({ id: target.queue, label: target.label[language] }))}
      />
      {(choices?.factors.length ?? 0) > 0 && (
        <fieldset className="checks">
          <legend>{words.steps.whatVerified}</legend>
          {choices?.factors.map(({ id, label }) => (
            <Checkbox
              key={id}
              className="check"
              isSelected={verified.has(id)}
              onChange={(on) => setVerified(on ? new Set([...verified, id]) : without(verified, id))}
            >
              <span className="check-box">
                <Icon name="check" />
              </span>
              {label[language]}
            </Checkbox>
          ))}
        </fieldset>
      )}
      {choices?.facts.map(({ name, label, values }) => (
        <ChooseOne
          key={name}
          label={label[language]}
          chosen={facts[name] ?? ''}
          onChoose={(value) => setFacts({ ...facts, [name]: value })}
          options={values.map((value) => ({ id: value.id, label: value.label[language] }))}
        />
      ))}
      <div className="row end">
        <Button className="button" onPress={close}>
          {words.shell.stay}
        </Button>
        <Button
          className="button primary"
          isDisabled={!ready}
          onPress={() => {
            close();
            void talk.handOver(call.id, { reason, queue, verified: [...verified], facts });
          }}
        >
          {words.steps.handOver}
        </Button>
      </div>
    </>
  );
}

const without = (set: ReadonlySet<string>, one: string) => new Set([...set].filter((other) => other !== one));
