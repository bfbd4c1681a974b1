// Closing the centre at once, whatever the calendars say: an earthquake, a fire drill. Callers hear what the flows say for it.

import { useState } from 'react';
import { Button, Heading, Input, Label, TextField } from 'react-aria-components';
import type { CalendarView } from '../../../src/api/contracts/flow.ts';
import type { Api } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { Icon } from '../controls/icon.tsx';
import { useBoardWords } from '../text/board-words.ts';
import { useLanguage } from '../text/language.tsx';
import { useAct } from './use-act.ts';

interface ClosureCardProps {
  api: Api;
  calendars: CalendarView[] | undefined;
  onChanged(): void;
}

const all = '*';

export function ClosureCard({ api, calendars, onChanged }: ClosureCardProps) {
  const texts = useBoardWords();
  const { refused, act } = useAct(onChanged);
  if (!calendars || calendars.length === 0) return null;
  const closed = calendars.flatMap(({ id, closure }) => (closure ? [{ id, ...closure }] : []));
  const everything = closed.find((one) => one.all);
  const shown = everything ? [{ ...everything, id: all }] : closed;
  const pathOf = (id: string) => (id === all ? '/closure' : `/calendars/${id}/closure`);
  return (
    <section className="card operation" data-closed={shown.length > 0} aria-labelledby="closure-title">
      <div>
        <h2 id="closure-title" className="eyebrow">
          {texts.closure.title}
        </h2>
        {shown.length === 0 && (
          <p className="with-icon" role="status">
            <Icon name="check" />
            {texts.closure.open}
          </p>
        )}
        {shown.map(({ id, because }) => (
          <p key={id} className="with-icon" role="status">
            <Icon name="warning" />
            {texts.closure.closed(id === all ? texts.closure.all : id, because)}
            <Button className="button small" onPress={() => void act(() => api.delete(pathOf(id)))}>
              {texts.closure.reopen}
            </Button>
          </p>
        ))}
        {refused && <p className="problem">{refused}</p>}
      </div>
      <DialogFrom trigger={<Button className="button">{texts.closure.close}</Button>}>
        {(close) => (
          <CloseForm
            calendars={calendars.map(({ id }) => id)}
            onDone={close}
            onClose={(id, because) => {
              close();
              void act(() => api.put(pathOf(id), { because }));
            }}
          />
        )}
      </DialogFrom>
    </section>
  );
}

interface CloseFormProps {
  calendars: readonly string[];
  onDone(): void;
  onClose(id: string, because: string): void;
}

function CloseForm({ calendars, onDone, onClose }: CloseFormProps) {
  const texts = useBoardWords();
  const { words } = useLanguage();
  const [chosen, setChosen] = useState(all);
  const [because, setBecause] = useState('');
  return (
    <>
      <Heading slot="title">{texts.closure.close}</Heading>
      <p className="hint">{texts.closure.hint}</p>
      <ChooseOne
        label={texts.closure.what}
        chosen={chosen}
        onChoose={setChosen}
        options={[{ id: all, label: texts.closure.all }, ...calendars.map((id) => ({ id, label: id }))]}
      />
      <TextField className="field" value={because} onChange={setBecause} maxLength={200}>
        <Label>{texts.operation.why}</Label>
        <Input />
      </TextField>
      <div className="row end">
        <Button className="button" onPress={onDone}>
          {words.shell.stay}
        </Button>
        <Button
          className="button danger"
          isDisabled={because.trim() === ''}
          onPress={() => onClose(chosen, because.trim())}
        >
          {texts.closure.now}
        </Button>
      </div>
    </>
  );
}
