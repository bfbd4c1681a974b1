// What was found, as a file that verifies by itself. Why it is needed is asked, and kept.

import { useState } from 'react';
import { Button, Heading, Input, Label, TextField } from 'react-aria-components';
import { type Api, ApiProblem } from '../api/client.ts';
import { fileOf, saveFile } from '../api/save-file.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { useAuditWords } from '../text/audit-words.ts';
import { refusal, useLanguage } from '../text/language.tsx';
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
  const { words } = useLanguage();
  const text = useAuditWords().export;
  const [format, setFormat] = useState<Format>('csv');
  const [purpose, setPurpose] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const start = async () => {
    setBusy(true);
    try {
      const file = await api.postForFile('/audit/export', { ...filterOf(wanted), format, purpose: purpose.trim() });
      saveFile(await fileOf(file), `engawa-audit-${new Date().toISOString().slice(0, 10)}.${format}`);
      close();
    } catch (thrown) {
      setProblem(refusal(words, thrown instanceof ApiProblem ? thrown.code : 'page-fault'));
      setBusy(false);
    }
  };
  return (
    <>
      <Heading slot="title">{text.title}</Heading>
      <p className="hint">{text.lead}</p>
      <ChooseOne
        label={text.format}
        options={(['csv', 'ndjson'] as const).map((id) => ({ id, label: text.formats[id] }))}
        chosen={format}
        onChoose={(chosen) => setFormat(chosen as Format)}
      />
      <TextField className="field" value={purpose} onChange={setPurpose} isRequired maxLength={300}>
        <Label>{text.purpose}</Label>
        <Input />
      </TextField>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <div className="row end">
        <Button className="button" onPress={close}>
          {text.cancel}
        </Button>
        <Button className="button primary" isDisabled={busy || purpose.trim().length < 3} onPress={() => void start()}>
          {busy ? text.busy : text.start}
        </Button>
      </div>
    </>
  );
}
