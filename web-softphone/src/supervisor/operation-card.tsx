// Where the company works from, and the switch for it: a supervisor says why, and until when.

import { useState } from 'react';
import { Button, Heading, Input, Label, Radio, RadioGroup, TextField } from 'react-aria-components';
import type { Api } from '../api/client.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { useAct } from './use-act.ts';

type Operation = 'normal' | 'partly-home' | 'all-home';
type Wanted = Operation | 'by-schedule';

export interface OperationNow {
  operation: Operation;
  by: 'hand' | 'schedule';
  why: string | null;
  since: number | null;
  until: number | null;
}

const icons: Record<Operation, IconName> = { normal: 'building', 'partly-home': 'person', 'all-home': 'home' };
const wanted: readonly Wanted[] = ['normal', 'partly-home', 'all-home', 'by-schedule'];

interface OperationCardProps {
  api: Api;
  operation: OperationNow | undefined;
  onSwitched(): void;
}

export function OperationCard({ api, operation, onSwitched }: OperationCardProps) {
  const texts = useBoardWords();
  const { language } = useLanguage();
  const { refused, act } = useAct(onSwitched);
  if (!operation) return null;
  const time = (at: number) =>
    new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
  const details = [
    operation.by === 'hand' ? texts.operation.byHand : texts.operation.bySchedule,
    operation.why,
    operation.since === null ? null : texts.operation.since(time(operation.since)),
    operation.until === null ? null : texts.operation.until(time(operation.until)),
  ].filter((detail) => detail !== null && detail !== '');
  return (
    <section className="card operation" data-operation={operation.operation} aria-labelledby="operation-title">
      <div>
        <h2 id="operation-title" className="eyebrow">
          {texts.operation.title}
        </h2>
        <p className="operation-now with-icon" role="status">
          <Icon name={icons[operation.operation]} />
          {texts.operation.modes[operation.operation]}
        </p>
        <p className="hint">{details.join(' · ')}</p>
        {refused && <p className="problem">{refused}</p>}
      </div>
      <DialogFrom trigger={<Button className="button">{texts.operation.change}</Button>}>
        {(close) => (
          <Switch
            now={operation.operation}
            onDone={close}
            onSwitch={(body) => {
              close();
              void act(() => api.put('/operation', body));
            }}
          />
        )}
      </DialogFrom>
    </section>
  );
}

interface SwitchProps {
  now: Operation;
  onDone(): void;
  onSwitch(body: { operation: Wanted; why?: string }): void;
}

function Switch({ now, onDone, onSwitch }: SwitchProps) {
  const texts = useBoardWords();
  const { words } = useLanguage();
  const [to, setTo] = useState<Wanted>(now);
  const [why, setWhy] = useState('');
  return (
    <>
      <Heading slot="title">{texts.operation.change}</Heading>
      <RadioGroup className="radios" value={to} onChange={(value) => setTo(value as Wanted)}>
        <Label className="unseen">{texts.operation.title}</Label>
        {wanted.map((mode) => (
          <Radio key={mode} value={mode} className="radio">
            <span className="radio-dot" />
            <span>
              {texts.operation.modes[mode]}
              <small className="hint">{texts.operation.hints[mode]}</small>
            </span>
          </Radio>
        ))}
      </RadioGroup>
      <TextField className="field" value={why} onChange={setWhy} maxLength={200}>
        <Label>{texts.operation.why}</Label>
        <Input />
      </TextField>
      <div className="row end">
        <Button className="button" onPress={onDone}>
          {words.shell.stay}
        </Button>
        <Button
          className="button primary"
          isDisabled={to !== 'by-schedule' && why.trim() === ''}
          onPress={() => onSwitch({ operation: to, ...(why.trim() === '' ? {} : { why: why.trim() }) })}
        >
          {texts.operation.apply}
        </Button>
      </div>
    </>
  );
}
