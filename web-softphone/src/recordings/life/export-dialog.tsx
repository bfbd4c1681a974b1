// Recordings that were chosen, as a tar file with what is known of each. Says how far it is; nothing of it is kept in the page.

import { useState } from 'react';
import { Button, Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { RecordingLifeView } from '../../../../src/api/contracts/recording-life.ts';
import { type Api, ApiProblem } from '../../api/client.ts';
import { fileOf, saveFile } from '../../api/save-file.ts';
import { WhyForm } from '../../controls/why-form.tsx';
import { useLanguage } from '../../text/language.tsx';
import { useRecordingLifeWords } from '../../text/recording-life-words.ts';

interface ExportDialogProps {
  api: Api;
  recordingIds: readonly string[];
  onClose(): void;
}

export function ExportDialog({ api, recordingIds, onClose }: ExportDialogProps) {
  const { language } = useLanguage();
  const text = useRecordingLifeWords();
  const [sofar, setSofar] = useState<{ bytes: number; all?: number }>();
  const [saved, setSaved] = useState<{ name: string; bytes: number }>();
  const megabytes = (bytes: number) =>
    (bytes / 1e6).toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

  async function start(purpose: string): Promise<void> {
    const response = await api.postForFile('/recording-exports', { recordingIds, purpose });
    // What the sealed files have; headers and JSON are a little more.
    const all = await payloadBytes(api, recordingIds);
    let told = 0;
    const file = await fileOf(response, (bytes) => {
      if (bytes - told < 100_000) return;
      told = bytes;
      setSofar({ bytes, ...(all === undefined ? {} : { all: Math.max(all, bytes) }) });
    });
    const name = `recordings-${new Date().toISOString().slice(0, 10)}.tar`;
    saveFile(file, name);
    setSofar(undefined);
    setSaved({ name, bytes: file.size });
  }

  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{text.exportTitle(recordingIds.length)}</Heading>
          {!saved && (
            <WhyForm
              {...{ why: text.whyExport, send: text.exportNow, sending: text.exporting, cancel: text.cancel }}
              onCancel={onClose}
              onSend={start}
            >
              <p className="hint">{text.exportLead}</p>
            </WhyForm>
          )}
          <div role="status">
            {sofar && (
              <>
                <progress aria-label={text.exporting} max={sofar.all} value={sofar.all && sofar.bytes} />
                <p className="hint">
                  {sofar.all
                    ? text.progressOf(megabytes(sofar.bytes), megabytes(sofar.all))
                    : text.progress(megabytes(sofar.bytes))}
                </p>
              </>
            )}
            {saved && <p>{text.saved(saved.name, megabytes(saved.bytes))}</p>}
          </div>
          {saved && (
            <div className="row end">
              <Button className="button primary" onPress={onClose} autoFocus>
                {text.close}
              </Button>
            </div>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Undefined: not asked, because there are too many, or not told. */
async function payloadBytes(api: Api, ids: readonly string[]): Promise<number | undefined> {
  if (ids.length > 25) return undefined;
  try {
    const lives = await Promise.all(
      ids.map((id) => api.get<RecordingLifeView>(`/recordings/${encodeURIComponent(id)}/life`)),
    );
    return lives.flatMap(({ files }) => files).reduce((sum, { payloadBytes: bytes }) => sum + bytes, 0);
  } catch (thrown) {
    if (!(thrown instanceof ApiProblem)) throw thrown;
    return undefined;
  }
}
