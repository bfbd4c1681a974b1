// Before a recording is heard: for what, and, where this page opens it and no key is unlocked, with which key.

import { useState } from 'react';
import { Button, Dialog, FileTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import type { OwnListeningKey, PlaybackView } from '../../../src/api/contracts/playback.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { Icon } from '../controls/icon.tsx';
import { usePurpose } from '../controls/purpose.tsx';
import { useRecordingsWords } from '../text/recordings-words.ts';
import { identitiesOfFile } from './listening-key.ts';

const withFile = 'file';

/** With what the recording is to be opened; undefined: the server does, or a key is unlocked already. */
export type OpenWith = { kind: 'passkey'; key: OwnListeningKey } | { kind: 'file'; identities: string[] } | undefined;

export interface Asked {
  purpose: string;
  note: string;
  openWith: OpenWith;
}

interface PurposeDialogProps {
  playback: PlaybackView;
  /** Those under a passkey. */
  passkeys: readonly OwnListeningKey[];
  needsKey: boolean;
  busy: boolean;
  problem: string | undefined;
  onListen(asked: Asked): void;
  onCancel(): void;
}

export function PurposeDialog({ playback, passkeys, needsKey, busy, problem, onListen, onCancel }: PurposeDialogProps) {
  const text = useRecordingsWords();
  const { purpose, note, isGiven, fields } = usePurpose(playback.purposes, text);
  const [chosen, setChosen] = useState(passkeys[0]?.id ?? withFile);
  const [file, setFile] = useState<{ name: string; identities: string[] }>();
  const passkey = passkeys.find(({ id }) => id === chosen);
  const openWith: OpenWith = passkey
    ? { kind: 'passkey', key: passkey }
    : file && { kind: 'file', identities: file.identities };
  const hasKey = !needsKey || passkey !== undefined || (file !== undefined && file.identities.length > 0);
  const ready = isGiven && hasKey && !busy;
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && onCancel()}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{text.purposeTitle}</Heading>
          <p className="hint">{text.purposeLead}</p>
          {fields}
          {needsKey && (
            <>
              {passkeys.length === 0 && !playback.keyFiles && <p className="problem">{text.noKey}</p>}
              {(passkeys.length > 0 || playback.keyFiles) && (
                <ChooseOne
                  label={text.with}
                  options={[
                    ...passkeys.map(({ id, name }) => ({ id, label: name })),
                    ...(playback.keyFiles ? [{ id: withFile, label: text.keyFile }] : []),
                  ]}
                  chosen={chosen}
                  onChoose={setChosen}
                />
              )}
              {!passkey && playback.keyFiles && <KeyFileChoice file={file} onChosen={setFile} />}
            </>
          )}
          {problem && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          <div className="row end">
            <Button className="button" onPress={onCancel}>
              {text.cancel}
            </Button>
            <Button
              className="button primary"
              isDisabled={!ready}
              onPress={() => onListen({ purpose, note, openWith: needsKey ? openWith : undefined })}
            >
              <Icon name="play" />
              {busy ? text.opening : text.listen}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface KeyFileChoiceProps {
  file: { name: string; identities: string[] } | undefined;
  onChosen(file: { name: string; identities: string[] }): void;
}

function KeyFileChoice({ file, onChosen }: KeyFileChoiceProps) {
  const text = useRecordingsWords();
  async function read(files: FileList | null): Promise<void> {
    const [first] = files ?? [];
    if (first) onChosen({ name: first.name, identities: await identitiesOfFile(first) });
  }
  return (
    <div className="field">
      <FileTrigger onSelect={(files) => void read(files)}>
        <Button className="button">{file ? text.fileChosen(file.name) : text.chooseFile}</Button>
      </FileTrigger>
      <p className="hint">{text.fileHint}</p>
      {file?.identities.length === 0 && <p className="problem">{text.fileEmpty}</p>}
    </div>
  );
}
