// For what something personal is wanted: a purpose of the company's list, and a note, which some purposes need. Both are kept by the server.

import { type ReactNode, useState } from 'react';
import { Input, Label, TextField } from 'react-aria-components';
import { useLanguage } from '../text/language.tsx';
import { ChooseOne } from './choose-one.tsx';

interface Purpose {
  name: string;
  label: { ja: string; en: string };
  /** It needs a note. */
  note?: boolean;
}

/** What the fields are called. */
interface PurposeWords {
  purpose: string;
  note: string;
  noteNeeded: string;
}

interface GivenPurpose {
  purpose: string;
  note: string;
  /** Enough has been said. */
  isGiven: boolean;
  fields: ReactNode;
}

/** The server wants four letters at least. */
const leastNote = 4;

export function usePurpose(purposes: readonly Purpose[], text: PurposeWords): GivenPurpose {
  const { language } = useLanguage();
  const [purpose, setPurpose] = useState('');
  const [written, setWritten] = useState('');
  const note = written.trim();
  const needsNote = purposes.find(({ name }) => name === purpose)?.note === true;
  const fields = (
    <>
      <ChooseOne
        label={text.purpose}
        options={purposes.map(({ name, label }) => ({ id: name, label: label[language] }))}
        chosen={purpose}
        onChoose={setPurpose}
      />
      <TextField className="field" value={written} onChange={setWritten} maxLength={300}>
        <Label>{needsNote ? text.noteNeeded : text.note}</Label>
        <Input />
      </TextField>
    </>
  );
  return { purpose, note, isGiven: purpose !== '' && (!needsNote || note.length >= leastNote), fields };
}
