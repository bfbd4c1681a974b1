// One flow: its drawing, its versions, its text. A text is checked and proven by the server before it is published.

import { useCallback, useEffect, useState } from 'react';
import { Button, Heading, Label, TextArea, TextField } from 'react-aria-components';
import type { FlowView } from '../../../src/api/contract.ts';
import type { FlowVersionInfo } from '../../../src/api/contracts/flow.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { Icon } from '../controls/icon.tsx';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useFlowWords } from '../text/flow-words.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import { type Problem, Problems } from './problems.tsx';

interface FlowPageProps {
  api: Api;
  flow: FlowView;
  onBack(): void;
  onChanged(): void;
}

type Told = { kind: 'problems'; problems: Problem[] } | { kind: 'fine' | 'done' | 'failed'; text: string };

export function FlowPage({ api, flow, onBack, onChanged }: FlowPageProps) {
  const words = useFlowWords();
  const { words: common, language } = useLanguage();
  const [versions, setVersions] = useState<FlowVersionInfo[]>();
  const [yaml, setYaml] = useState('');
  const [told, setTold] = useState<Told>();
  const path = `/flows/${encodeURIComponent(flow.id)}`;
  const show = useCallback(
    async (version: string) => setYaml((await api.get<{ yaml: string }>(`${path}/versions/${version}`)).yaml),
    [api, path],
  );
  useEffect(() => {
    api.get<{ items: FlowVersionInfo[] }>(`${path}/versions`).then(
      ({ items }) => setVersions(items),
      () => setVersions([]),
    );
    show(flow.version).catch(() => undefined);
  }, [api, path, show, flow.version]);

  async function attempt(what: () => Promise<Told>): Promise<void> {
    try {
      setTold(await what());
    } catch (thrown) {
      const text = thrown instanceof ApiProblem ? refusal(common, thrown.code) : words.failed;
      setTold({ kind: 'failed', text });
    }
  }

  async function check(): Promise<Told> {
    const found = await api.post<{ ok: boolean; problems: Problem[] }>('/flows/check', { yaml });
    return found.problems.length > 0
      ? { kind: 'problems', problems: found.problems }
      : { kind: 'fine', text: words.fine };
  }

  async function change(verb: string, body: object): Promise<Told> {
    const { version } = await api.post<{ version: string }>(`${path}/${verb}`, body);
    onChanged();
    return { kind: 'done', text: words.done(version) };
  }

  async function publish(): Promise<Told> {
    const checked = await check();
    const wrong = checked.kind === 'problems' && checked.problems.some(({ severity }) => severity === 'error');
    return wrong ? checked : change('publish', { yaml });
  }

  const drawing = `/api/v1${path}/drawing?lang=${language}&version=${flow.version}`;
  return (
    <div className="board flow-page">
      <div>
        <Button className="button quiet small" onPress={onBack}>
          {words.back}
        </Button>
        <h1>{flow.id}</h1>
      </div>
      <section className="card" aria-labelledby="flow-drawing">
        <h2 id="flow-drawing">{words.drawing}</h2>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1) */}
        <div className="flow-drawing" tabIndex={0}>
          <img src={drawing} alt={words.drawingOf(flow.id)} />
        </div>
        <a href={drawing} target="_blank" rel="noreferrer">
          {words.ownWindow}
        </a>
      </section>
      <section className="card stack" aria-labelledby="flow-text">
        <h2 id="flow-text">{words.text}</h2>
        <TextField className="field" value={yaml} onChange={setYaml}>
          <Label className="hint">{words.textHint}</Label>
          <TextArea className="flow-text" rows={20} spellCheck={false} />
        </TextField>
        <div role="status">
          {told?.kind === 'problems' && <Problems problems={told.problems} />}
          {told && told.kind !== 'problems' && (
            <p className={told.kind === 'failed' ? 'problem' : 'with-icon'}>
              {told.kind !== 'failed' && <Icon name="check" />}
              {told.text}
            </p>
          )}
        </div>
        <div className="row end">
          <Button className="button" onPress={() => void attempt(check)}>
            {words.check}
          </Button>
          <DialogFrom trigger={<Button className="button primary">{words.publish}</Button>}>
            {(close) => (
              <>
                <Heading slot="title">{words.publishTitle(flow.id)}</Heading>
                <p>{words.publishText}</p>
                <div className="row end">
                  <Button className="button" onPress={close}>
                    {words.stay}
                  </Button>
                  <Button
                    className="button primary"
                    onPress={() => {
                      close();
                      void attempt(publish);
                    }}
                  >
                    {words.publish}
                  </Button>
                </div>
              </>
            )}
          </DialogFrom>
        </div>
      </section>
      <Versions
        versions={versions}
        onShow={(version) => void show(version).catch(() => undefined)}
        onBack={(version) => void attempt(() => change('roll-back', { version }))}
      />
      <div>
        <Button className="button" onPress={() => void attempt(() => change('follow-file', {}))}>
          {words.followFile}
        </Button>
        <p className="hint">{words.followHint}</p>
      </div>
    </div>
  );
}

interface VersionsProps {
  versions: FlowVersionInfo[] | undefined;
  onShow(version: string): void;
  onBack(version: string): void;
}

function Versions({ versions, onShow, onBack }: VersionsProps) {
  const words = useFlowWords();
  const { language } = useLanguage();
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const columns = [
    { label: words.version },
    { label: words.taken },
    { label: words.published },
    { label: words.show, unseen: true },
  ];
  const rows = versions?.map(({ version, keptAt, publishedAt, inForce }) => (
    <tr key={version}>
      <td>
        <code>{version}</code>{' '}
        {inForce && (
          <span className="chip" data-ok="true">
            <Icon name="check" />
            {words.inForce}
          </span>
        )}
      </td>
      <td>{when.format(keptAt)}</td>
      <td>{publishedAt === null ? words.fromFile : when.format(publishedAt)}</td>
      <td className="row">
        <Button className="button small" aria-label={`${words.show}: ${version}`} onPress={() => onShow(version)}>
          {words.show}
        </Button>
        {!inForce && (
          <Button className="button small" aria-label={`${words.goBack}: ${version}`} onPress={() => onBack(version)}>
            {words.goBack}
          </Button>
        )}
      </td>
    </tr>
  ));
  return <BoardTable id="flow-versions" title={words.versions} columns={columns} rows={rows} />;
}
