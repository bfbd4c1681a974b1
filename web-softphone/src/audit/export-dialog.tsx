// What was found, as a file that verifies by itself. Why it is needed is asked, and kept.

import { useState } from 'react';
import { Button, Heading } from 'react-aria-components';
import type { Api } from '../api/client.ts';
import { fileOf, saveFile } from '../api/save-file.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { WhyForm } from '../controls/why-form.tsx';
import { useAuditWords } from '../text/audit-words.ts';
import { filterOf, type Wanted } from './audit-filter.tsx';

type Format = 'ndjson' | 'csv';

export function ExportDialog({ api, wanted }: { api: Api; wanted: Wanted }) {
  const text = useAuditWords();
  return (
    <DialogFrom trigger={<Button className="button">{text.export.button}</Button>}>
      {(close) => <ExportForm api={api} wanted={wanted} close={close} />}
    </DialogFrom>
  );
}

function ExportForm({ api, wanted, close }: { api: Api; wanted: Wanted; close(): void }) {
  const text = useAuditWords().export;
  const [format, setFormat] = useState<Format>('csv');
  const start = async (purpose: string) => {
    const file = await api.postForFile('/audit/export', { ...filterOf(wanted), format, purpose });
    saveFile(await fileOf(file), `engawa-audit-${new Date().toISOString().slice(0, 10)}.${format}`);
    close();
  };
  return (
    <>
      <Heading slot="title">{text.title}</Heading>
      <p className="hint">{text.lead}</p>
      <WhyForm
        why={text.purpose}
        send={text.start}
        sending={text.busy}
        cancel={text.cancel}
        onSend={start}
        onCancel={close}
      >
        <ChooseOne
          label={text.format}
          options={(['csv', 'ndjson'] as const).map((id) => ({ id, label: text.formats[id] }))}
          chosen={format}
          onChoose={(chosen) => setFormat(chosen as Format)}
        />
      </WhyForm>
    </>
  );
}
