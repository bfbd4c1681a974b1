// A labelled list to choose one from.

import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue } from 'react-aria-components';
import { useWords } from '../text/language.tsx';
import { Icon } from './icon.tsx';

export interface Option {
  id: string;
  label: string;
}

interface ChooseOneProps {
  label: string;
  options: readonly Option[];
  chosen: string;
  onChoose(id: string): void;
  isDisabled?: boolean;
}

export function ChooseOne({ label, options, chosen, onChoose, isDisabled = false }: ChooseOneProps) {
  const words = useWords();
  return (
    <Select
      className="field select"
      placeholder={words.choose}
      selectedKey={chosen === '' ? null : chosen}
      onSelectionChange={(key) => key !== null && onChoose(String(key))}
      isDisabled={isDisabled}
    >
      <Label>{label}</Label>
      <Button className="select-button">
        <SelectValue />
        <Icon name="down" />
      </Button>
      <Popover className="popover select-popover">
        <ListBox className="list-box" items={options}>
          {(option) => (
            <ListBoxItem id={option.id} textValue={option.label} className="option">
              {option.label}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}
