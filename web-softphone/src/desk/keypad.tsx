// Digits to the customer's side, for menus of other companies.

import { useState } from 'react';
import { Button, Group } from 'react-aria-components';
import { useWords } from '../text/language.tsx';
import { useDesk } from './desk-context.ts';

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'] as const;
const letters: Record<string, string> = {
  2: 'ABC',
  3: 'DEF',
  4: 'GHI',
  5: 'JKL',
  6: 'MNO',
  7: 'PQRS',
  8: 'TUV',
  9: 'WXYZ',
};

export function Keypad({ callId }: { callId: string }) {
  const words = useWords();
  const { commands } = useDesk();
  const [sent, setSent] = useState('');
  return (
    <div className="keypad-panel">
      <Group className="keypad" aria-label={words.call.keypad}>
        {keys.map((key) => (
          <Button
            key={key}
            className="button key"
            aria-label={key}
            onPress={() => {
              setSent((before) => (before + key).slice(-16));
              void commands.sendDigits(callId, key);
            }}
          >
            <span>{key}</span>
            <small>{letters[key]}</small>
          </Button>
        ))}
      </Group>
      <p className="hint" role="status">
        {sent && words.call.digitsSent(sent)}
      </p>
    </div>
  );
}
