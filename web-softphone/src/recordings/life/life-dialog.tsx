// What becomes of one recording: how long it is kept and why, who asked to keep it, its deletion with the receipt, its hashes.

import { useState } from 'react';
import { Button, Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { DeletionReceipt, RecordingLifeView } from '../../../../src/api/contracts/recording-life.ts';
import type { Api } from '../../api/client.ts';
import { Icon } from '../../controls/icon.tsx';
import { WhyForm } from '../../controls/why-form.tsx';
import { serverNow } from '../../state/now.ts';
import { useFetched } from '../../state/use-fetched.ts';
import { useLanguage } from '../../text/language.tsx';
import { useRecordingLifeWords } from '../../text/recording-life-words.ts';
import { Fact } from './fact.tsx';
import { Holds } from './holds.tsx';
import { keptSentences, type NameOf } from './kept.ts';
import { Receipt } from './receipt.tsx';

interface LifeDialogProps {
  api: Api;
  recordingId: string;
  when: string;
  nameOf: NameOf;
  /** An administrator: ends holds, deletes. */
  administers: boolean;
  /** The list shows something else now. */
  onChanged(): void;
  onClose(): void;
}

export function LifeDialog({ api, recordingId, when, nameOf, administers, onChanged, onClose }: LifeDialogProps) {
  const { language } = useLanguage();
  const text = useRecordingLifeWords();
  const path = `/recordings/${encodeURIComponent(recordingId)}`;
  const [looks, setLooks] = useState(0);
  const life = useFetched(() => api.get<RecordingLifeView>(`${path}/life`), looks);
  const isGone = life !== undefined && life.shreddedAt !== null;
  const receipt = useFetched(
    async () => (isGone && administers ? api.get<DeletionReceipt>(`${path}/receipt`) : undefined),
    `${isGone} ${looks}`,
  );
  const changed = () => {
    setLooks((before) => before + 1);
    onChanged();
  };
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="modal wide">
        <Dialog className="dialog life">
          <Heading slot="title">{text.title(when)}</Heading>
          {life && (
            <>
              <section aria-labelledby="life-clock">
                <h3 id="life-clock">{text.clock}</h3>
                <div role="status">
                  {keptSentences(life, { text, language, nameOf, now: serverNow() }).map((sentence, at) => (
                    <p key={sentence} className={at === 0 ? 'life-clock' : 'hint'}>
                      {at === 0 && <Icon name={isGone ? 'close' : life.held ? 'lock' : 'bell'} />}
                      <span>{sentence}</span>
                    </p>
                  ))}
                </div>
              </section>
              <Holds api={api} path={path} life={life} mayRelease={administers} onChanged={changed} />
              {administers && !isGone && <Deletion api={api} path={path} isHeld={life.held} onDeleted={changed} />}
              {receipt && <Receipt receipt={receipt} />}
              {life.files.length > 0 && <Seal files={life.files} />}
            </>
          )}
          <div className="row end">
            <Button className="button" onPress={onClose}>
              {text.close}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface DeletionProps {
  api: Api;
  path: string;
  isHeld: boolean;
  onDeleted(): void;
}

function Deletion({ api, path, isHeld, onDeleted }: DeletionProps) {
  const text = useRecordingLifeWords();
  const [asks, setAsks] = useState(false);
  return (
    <section aria-labelledby="life-deletion">
      <h3 id="life-deletion">{text.deletion}</h3>
      {!asks && isHeld && <p className="hint">{text.deleteHeld}</p>}
      {!asks && !isHeld && (
        <Button className="button danger" onPress={() => setAsks(true)}>
          {text.deleteBegin}
        </Button>
      )}
      {asks && (
        <WhyForm
          {...{ why: text.whyDelete, send: text.deleteNow, cancel: text.cancel, danger: true }}
          onCancel={() => setAsks(false)}
          onSend={async (purpose) => {
            await api.post(`${path}/commands/delete`, { purpose });
            onDeleted();
          }}
        >
          <p>{text.deleteLead}</p>
        </WhyForm>
      )}
    </section>
  );
}

function Seal({ files }: Pick<RecordingLifeView, 'files'>) {
  const text = useRecordingLifeWords();
  return (
    <details>
      <summary>{text.seal}</summary>
      {files.map(({ name, headerSha256, payloadSha256, recipients }) => (
        <dl key={name} className="facts">
          <Fact name={text.file} value={name} />
          <Fact name={text.receiptFacts.payloadSha256} value={payloadSha256} />
          <Fact name={text.receiptFacts.headerSha256} value={headerSha256} />
          <Fact name={text.sealedTo(recipients.length)} value={recipients.map(shortened).join(', ')} />
        </dl>
      ))}
    </details>
  );
}

/** Post-quantum keys are two thousand letters long. */
const shortened = (recipient: string): string =>
  recipient.length > 70 ? `${recipient.slice(0, 24)}…${recipient.slice(-8)}` : recipient;
