// Recordings and messages: looked for, opened with a key in this page or by the server, and heard; until when they are kept. Keys of
// one's own, and for administrators those of everybody.

import { useCallback, useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import type { QueueView } from '../../../src/api/contract.ts';
import type {
  HeardRecording,
  ListeningKeyView,
  OwnListeningKey,
  PlaybackView,
  PlayView,
} from '../../../src/api/contracts/playback.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { dayAndTime } from '../people/when.ts';
import type { SectionProps } from '../sections.ts';
import { useFetched } from '../state/use-fetched.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import { useRecordingLifeWords } from '../text/recording-life-words.ts';
import { useRecordingsWords } from '../text/recordings-words.ts';
import { FoundTable } from './found-table.tsx';
import { KeyTable } from './key-table.tsx';
import { ExportDialog } from './life/export-dialog.tsx';
import { LifeDialog } from './life/life-dialog.tsx';
import { useLives } from './life/use-lives.ts';
import { unlockWithPasskey } from './listening-key.ts';
import { MyKeys } from './my-keys.tsx';
import { openSealed } from './open-sealed.ts';
import { Player, type Playing } from './player.tsx';
import { type Asked, PurposeDialog } from './purpose-dialog.tsx';
import { everything, queryOf, SearchForm, type Wanted } from './search-form.tsx';
import { useUnlocked } from './unlocked.ts';
import './recordings.css';

export function RecordingsPage({ api, session }: SectionProps) {
  const { language } = useLanguage();
  const text = useRecordingsWords();
  const life = useRecordingLifeWords();
  const { role, id, login } = session.person;
  const playback = useFetched(() => api.get<PlaybackView>('/playback'));
  const [keysRead, setKeysRead] = useState(0);
  const keys = useFetched(
    async () => (await api.get<{ items: OwnListeningKey[] }>('/listening-keys/own')).items,
    keysRead,
  );
  const search = useSearch(api);
  const listening = useListening(api);
  const administers = role === 'administrator';
  const knowsLives = administers || role === 'supervisor';
  const queues = useFetched(async () => (await api.get<{ items: QueueView[] }>('/queues')).items);
  const queueLabel = (name: string) => queues?.find((queue) => queue.name === name)?.label[language] ?? name;
  const keeping = useKeeping(api, search.found, knowsLives);
  const withKeys = playback?.opens === 'page';
  const keysChanged = () => setKeysRead((before) => before + 1);

  return (
    <div className="board recordings">
      <h1>{text.title}</h1>
      {playback && !playback.mayHear && !administers && <p className="card">{text.noRule}</p>}
      {listening.playing && (
        <Player
          key={listening.playing.play.id}
          {...listening.playing}
          onHeard={listening.touch}
          onClose={listening.close}
        />
      )}
      {withKeys && listening.unlocked && (
        <p className="banner" role="status">
          {text.unlocked}
          <Button className="button small" onPress={listening.forget}>
            {text.forget}
          </Button>
        </p>
      )}
      <SearchForm api={api} queues={queues} seesAgents={knowsLives} onSearch={search.begin} />
      {search.problem && <p className="problem">{search.problem}</p>}
      <FoundTable
        api={api}
        found={search.found}
        withKeys={withKeys}
        seesWhoHeard={administers}
        queueLabel={queueLabel}
        {...(knowsLives ? { keeping: { lives: keeping.lives, onOpen: keeping.open } } : {})}
        {...(administers ? { choosing: { chosen: keeping.chosen, onChoose: keeping.choose } } : {})}
        onOpen={(recording) => {
          // An administrator may have approved one meanwhile.
          keysChanged();
          listening.ask(recording);
        }}
      />
      <div className="row">
        {search.more && (
          <Button className="button" onPress={search.goOn}>
            {text.more}
          </Button>
        )}
        {administers && (search.found?.length ?? 0) > 0 && (
          <Button className="button" isDisabled={keeping.chosen.size === 0} onPress={() => keeping.setExports(true)}>
            {keeping.chosen.size === 0 ? life.export : life.exportChosen(keeping.chosen.size)}
          </Button>
        )}
      </div>
      {playback?.opens === 'server' && <p className="hint">{text.serverOpens}</p>}
      {playback && withKeys && playback.mayHear && (
        <MyKeys api={api} login={login} playback={playback} keys={keys} onChanged={keysChanged} />
      )}
      {withKeys && administers && <EverybodysKeys api={api} own={id} />}
      {keeping.opened && (
        <LifeDialog
          api={api}
          recordingId={keeping.opened.id}
          when={dayAndTime(keeping.opened.startedAt, language)}
          nameOf={(kind, name) => (kind === 'queues' ? queueLabel(name) : name)}
          administers={administers}
          onChanged={keeping.lookAgain}
          onClose={() => keeping.open(undefined)}
        />
      )}
      {keeping.exports && (
        <ExportDialog api={api} recordingIds={[...keeping.chosen]} onClose={() => keeping.setExports(false)} />
      )}
      {playback && listening.asking && (
        <PurposeDialog
          playback={playback}
          passkeys={(keys ?? []).filter(({ kind, endedAt }) => kind === 'passkey' && endedAt === null)}
          needsKey={withKeys && !listening.unlocked}
          busy={listening.busy}
          problem={listening.problem}
          onListen={(asked) => void listening.open(asked)}
          onCancel={listening.cancel}
        />
      )}
    </div>
  );
}

function useSearch(api: Api) {
  const { words } = useLanguage();
  const [wanted, setWanted] = useState<Wanted>(everything);
  const [found, setFound] = useState<HeardRecording[]>();
  const [cursor, setCursor] = useState<string | null>(null);
  const [problem, setProblem] = useState<string>();

  const read = useCallback(
    async (what: Wanted, from: string | null) => {
      const query = queryOf(what);
      if (from !== null) query.set('cursor', from);
      try {
        const { items, nextCursor } = await api.get<{ items: HeardRecording[]; nextCursor: string | null }>(
          `/playback/recordings?${query}`,
        );
        setFound((before) => [...(from === null ? [] : (before ?? [])), ...items]);
        setCursor(nextCursor);
        setProblem(undefined);
      } catch (thrown) {
        setProblem(refusal(words, thrown instanceof ApiProblem ? thrown.code : 'page-fault'));
      }
    },
    [api, words],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another language does not search again
  useEffect(() => void read(everything, null), []);
  return {
    found,
    problem,
    more: cursor !== null,
    begin(next: Wanted) {
      setWanted(next);
      void read(next, null);
    },
    goOn: () => void read(wanted, cursor),
  };
}

/** Which recording's keeping is looked at, and which are chosen for an export. */
function useKeeping(api: Api, found: HeardRecording[] | undefined, mayKnow: boolean) {
  const [looks, setLooks] = useState(0);
  const [opened, setOpened] = useState<HeardRecording>();
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const [exports, setExports] = useState(false);
  const ids = found?.map(({ id }) => id);
  const lives = useLives(api, ids, mayKnow, looks);
  // What is not in the list any more, or deleted, is not exported.
  const chosen = new Set(ids?.filter((id) => ticked.has(id) && (lives.get(id)?.shreddedAt ?? null) === null));
  return {
    ...{ lives, opened, chosen, exports, setExports },
    open: setOpened,
    lookAgain: () => setLooks((before) => before + 1),
    choose: (id: string, on: boolean) =>
      setTicked((before) => {
        const after = new Set(before);
        if (on) after.add(id);
        else after.delete(id);
        return after;
      }),
  };
}

function useListening(api: Api) {
  const { words } = useLanguage();
  const text = useRecordingsWords();
  const { identities, keep, touch, forget } = useUnlocked();
  const [asking, setAsking] = useState<HeardRecording>();
  const [playing, setPlaying] = useState<Playing>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  /** Undefined: it was said why not. */
  async function unlock({ openWith }: Asked): Promise<readonly string[] | undefined> {
    if (identities) return identities;
    if (!openWith) return [];
    if (openWith.kind === 'file') return openWith.identities;
    try {
      return await unlockWithPasskey(openWith.key);
    } catch {
      setProblem(text.passkeyFailed);
      return undefined;
    }
  }

  async function opened(
    recording: HeardRecording,
    play: PlayView,
    with_: readonly string[],
  ): Promise<Playing | undefined> {
    if (play.opens === 'server') {
      const url = `/api/v1/recordings/${encodeURIComponent(recording.id)}/audio?play=${encodeURIComponent(play.token)}`;
      return { recording, play, source: { kind: 'server', url }, incomplete: recording.state !== 'complete' };
    }
    const result = await openSealed(recording.id, play, [...with_]);
    if (result.kind === 'failed') {
      setProblem(result.because === 'other-key' ? text.otherKey : text.unreadable);
      return undefined;
    }
    const heard = { ...recording, durationMs: result.durationMs };
    const incomplete = result.notes > 0 || result.state !== 'complete';
    return { recording: heard, play, source: { kind: 'memory', ogg: result.ogg }, incomplete };
  }

  async function open(asked: Asked): Promise<void> {
    if (!asking) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const unlocked = await unlock(asked);
      if (!unlocked) return;
      const play = await api.post<PlayView>(`/recordings/${encodeURIComponent(asking.id)}/plays`, {
        purpose: asked.purpose,
        ...(asked.note === '' ? {} : { note: asked.note }),
      });
      const next = await opened(asking, play, unlocked);
      if (!next) return;
      if (next.source.kind === 'memory') keep(unlocked);
      setPlaying(next);
      setAsking(undefined);
    } catch (thrown) {
      setProblem(refusal(words, thrown instanceof ApiProblem ? thrown.code : 'page-fault'));
    } finally {
      setBusy(false);
    }
  }

  return {
    ...{ asking, playing, busy, problem, open, touch },
    unlocked: identities !== undefined,
    ask(recording: HeardRecording) {
      setProblem(undefined);
      setAsking(recording);
    },
    cancel: () => setAsking(undefined),
    close: () => setPlaying(undefined),
    forget() {
      forget();
      setPlaying(undefined);
    },
  };
}

function EverybodysKeys({ api, own }: { api: Api; own: string }) {
  const text = useRecordingsWords();
  const [read, setRead] = useState(0);
  const keys = useFetched(async () => (await api.get<{ items: ListeningKeyView[] }>('/listening-keys')).items, read);
  return (
    <section className="card stack" aria-labelledby="everybodys-keys">
      <h2 id="everybodys-keys">{text.everybodysKeys}</h2>
      <p className="hint">{text.everybodysKeysLead}</p>
      <KeyTable api={api} keys={keys} approver={own} onChanged={() => setRead((before) => before + 1)} />
    </section>
  );
}
