// What proves a deletion: the entry of the audit log, shown and saved as it is.

import { Button } from 'react-aria-components';
import type { DeletionReceipt } from '../../../../src/api/contracts/recording-life.ts';
import { saveFile } from '../../api/save-file.ts';
import { dayAndTime } from '../../people/when.ts';
import { useLanguage } from '../../text/language.tsx';
import { useRecordingLifeWords } from '../../text/recording-life-words.ts';
import { Fact } from './fact.tsx';

export function Receipt({ receipt }: { receipt: DeletionReceipt }) {
  const { language } = useLanguage();
  const text = useRecordingLifeWords();
  const { recordingId, deletedAt, by, purpose, facts, entry } = receipt;
  const names = text.receiptFacts;
  const payload = (text.payloads as Record<string, string>)[String(facts['payload'])];
  const shown: [string, string | undefined][] = [
    [names.entry, `${entry['seq']}`],
    [names.at, dayAndTime(deletedAt, language)],
    [names.by, by.kind === 'person' ? (by.name ?? by.id) : (by.name ?? text.program)],
    [names.purpose, purpose ?? undefined],
    [names.payload, payload],
    [names.payloadSha256, told(facts['payloadSha256'])],
    [names.headerSha256, told(facts['headerSha256'])],
    [names.hash, told(entry['hash'])],
  ];
  return (
    <section aria-labelledby="life-receipt">
      <h3 id="life-receipt">{text.receipt}</h3>
      <p className="hint">{text.receiptLead}</p>
      <dl className="facts">
        {shown.map(([name, value]) => value !== undefined && <Fact key={name} name={name} value={value} />)}
      </dl>
      <Button
        className="button"
        onPress={() =>
          saveFile(
            new Blob([JSON.stringify(receipt, null, 2)], { type: 'application/json' }),
            `receipt-${recordingId}.json`,
          )
        }
      >
        {text.receiptSave}
      </Button>
    </section>
  );
}

const told = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
