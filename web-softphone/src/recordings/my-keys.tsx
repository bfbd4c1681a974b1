// The own keys: registering one under a passkey, or the public half of a key file; ending one.

import { useState } from 'react';
import { Button, FileTrigger, Input, Label, TextField } from 'react-aria-components';
import type {
  ListeningKeyView,
  NewListeningKey,
  OwnListeningKey,
  PlaybackView,
} from '../../../src/api/contracts/playback.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import { useRecordingsWords } from '../text/recordings-words.ts';
import { KeyTable } from './key-table.tsx';
import { identitiesOfFile, makeKeyUnderPasskey, recipientOf } from './listening-key.ts';

/** What is said below, in whichever language the page speaks. */
type Said = 'registered' | 'passkeyFailed' | 'fileEmpty' | { refused: ApiProblem['code'] };

interface MyKeysProps {
  api: Api;
  login: string;
  playback: PlaybackView;
  keys: OwnListeningKey[] | undefined;
  onChanged(): void;
}

export function MyKeys({ api, login, playback, keys, onChanged }: MyKeysProps) {
  const { words } = useLanguage();
  const text = useRecordingsWords();
  const [typed, setName] = useState<string>();
  const name = typed ?? text.keyNameDefault;
  const [said, setSaid] = useState<Said>();
  const [busy, setBusy] = useState(false);

  async function register(make: () => Promise<NewListeningKey | undefined>, failed: Said): Promise<void> {
    setBusy(true);
    setSaid(undefined);
    try {
      const key = await make();
      if (!key) return setSaid(failed);
      await api.post<ListeningKeyView>('/listening-keys/own', key);
      setSaid('registered');
      onChanged();
    } catch (thrown) {
      setSaid(thrown instanceof ApiProblem ? { refused: thrown.code } : failed);
    } finally {
      setBusy(false);
    }
  }

  const byPasskey = () =>
    makeKeyUnderPasskey({ name, keyName: `${text.title} · ${login}`, postQuantum: playback.postQuantum });
  const byFile = async (files: FileList | null): Promise<NewListeningKey | undefined> => {
    const [identity] = files?.[0] ? await identitiesOfFile(files[0]) : [];
    return identity === undefined ? undefined : { name, kind: 'file', recipient: await recipientOf(identity) };
  };

  return (
    <section className="card stack" aria-labelledby="my-keys">
      <h2 id="my-keys">{text.myKeys}</h2>
      <p className="hint">{text.myKeysLead}</p>
      <KeyTable api={api} keys={keys} onChanged={onChanged} />
      <TextField className="field key-name" value={name} onChange={setName} maxLength={80}>
        <Label>{text.keyName}</Label>
        <Input />
      </TextField>
      <div className="row">
        <Button
          className="button"
          isDisabled={busy || name.trim() === ''}
          onPress={() => void register(byPasskey, 'passkeyFailed')}
        >
          {text.makePasskey}
        </Button>
        {playback.keyFiles && (
          <FileTrigger onSelect={(files) => void register(() => byFile(files), 'fileEmpty')}>
            <Button className="button" isDisabled={busy || name.trim() === ''}>
              {text.registerFile}
            </Button>
          </FileTrigger>
        )}
      </div>
      <p className="hint">{text.makePasskeyHint}</p>
      {playback.keyFiles && <p className="hint">{text.registerFileHint}</p>}
      <p role="status" className={said === undefined || said === 'registered' ? 'hint' : 'problem'}>
        {said && (typeof said === 'string' ? text[said] : refusal(words, said.refused))}
      </p>
    </section>
  );
}
