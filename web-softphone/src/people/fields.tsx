// Small fields of the people pages.

import { type ReactNode, useState } from 'react';
import { Button, Checkbox, CheckboxGroup, Input, Label, TextField } from 'react-aria-components';
import { Icon } from '../controls/icon.tsx';
import '../styles/people.css';
import { usePeopleWords } from './use-words.ts';

interface TextProps {
  label: string;
  value: string;
  onChange(value: string): void;
  type?: 'text' | 'date' | 'tel' | 'number';
  isRequired?: boolean;
  hint?: string;
}

export function Text({ label, value, onChange, type = 'text', isRequired = false, hint }: TextProps) {
  return (
    <TextField className="field" value={value} onChange={onChange} type={type} isRequired={isRequired}>
      <Label>{label}</Label>
      <Input autoCapitalize="none" autoComplete="off" spellCheck="false" />
      {hint && <span className="hint">{hint}</span>}
    </TextField>
  );
}

interface ManyProps {
  label: string;
  options: readonly { id: string; label: string }[];
  chosen: readonly string[];
  onChange(chosen: string[]): void;
}

export function Many({ label, options, chosen, onChange }: ManyProps) {
  return (
    <CheckboxGroup className="many" value={[...chosen]} onChange={onChange}>
      <Label>{label}</Label>
      <div className="many-options">
        {options.map((option) => (
          <Tick key={option.id} value={option.id}>
            {option.label}
          </Tick>
        ))}
      </div>
    </CheckboxGroup>
  );
}

interface TickProps {
  value?: string;
  isSelected?: boolean;
  isDisabled?: boolean;
  onChange?(on: boolean): void;
  /** For who hears the page, where nothing is written beside it. */
  label?: string;
  children?: ReactNode;
}

export function Tick({ children, label, ...more }: TickProps) {
  return (
    <Checkbox className="tick" aria-label={label} {...more}>
      <span className="tick-box" aria-hidden="true">
        <Icon name="check" />
      </span>
      {children}
    </Checkbox>
  );
}

interface PairsProps {
  label: string;
  /** Of the two fields of a new one. */
  names: { key: string; value: string };
  type: 'date' | 'number';
  pairs: Readonly<Record<string, string>>;
  show(value: string): string;
  onChange(pairs: Record<string, string>): void;
}

/** Names with a value each: trainings with their day, skills with their level. */
export function Pairs({ label, names, type, pairs, show, onChange }: PairsProps) {
  const words = usePeopleWords();
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const fits = /^[a-z0-9][a-z0-9-]{0,63}$/.test(name) && value !== '';
  return (
    <fieldset className="pairs">
      <legend>{label}</legend>
      <ul className="pair-list">
        {Object.entries(pairs).map(([key, held]) => (
          <li key={key} className="chip">
            {key}: {show(held)}
            <Button
              className="button quiet small"
              aria-label={words.removeOne(key)}
              onPress={() => onChange(Object.fromEntries(Object.entries(pairs).filter(([other]) => other !== key)))}
            >
              ×
            </Button>
          </li>
        ))}
      </ul>
      <div className="pair-new">
        <Text label={names.key} value={name} onChange={setName} />
        <Text label={names.value} value={value} onChange={setValue} type={type} />
        <Button
          className="button"
          isDisabled={!fits}
          onPress={() => {
            onChange({ ...pairs, [name]: value });
            setName('');
            setValue('');
          }}
        >
          {words.addOne}
        </Button>
      </div>
    </fieldset>
  );
}

/** A secret that is shown once. */
export function ShownOnce({ label, secret }: { label: string; secret: string }) {
  const words = usePeopleWords();
  const [copied, setCopied] = useState(false);
  return (
    <div className="shown-once" role="status">
      <p>{label}</p>
      <code>{secret}</code>
      <Button
        className="button small"
        onPress={() =>
          void navigator.clipboard.writeText(secret).then(
            () => setCopied(true),
            () => undefined,
          )
        }
      >
        {copied ? words.copied : words.copy}
      </Button>
    </div>
  );
}
