// Who is shut out of SIP at the moment and was in the last day; an administrator lets one in again, with a reason. Read again every few
// seconds: under attack the list changes by itself.

import { useCallback, useEffect, useState } from 'react';
import { Button, Heading } from 'react-aria-components';
import type { AlarmView } from '../../../src/api/contracts/alarms.ts';
import type { BlockView } from '../../../src/api/contracts/block.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { DialogFrom } from '../controls/dialog-from.tsx';
import { Icon } from '../controls/icon.tsx';
import { PageHead } from '../controls/page-head.tsx';
import { WhyForm } from '../controls/why-form.tsx';
import type { SectionProps } from '../sections.ts';
import { serverNow } from '../state/now.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useBorderWords } from '../text/border-words.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import '../styles/board.css';

const refreshMs = 5000;
const mostSeen = 50;

type Seen = Pick<AlarmView, 'id' | 'at' | 'subject' | 'because'>;

export function BorderPage({ api, session }: SectionProps) {
  const { words, language } = useLanguage();
  const text = useBorderWords();
  const [notice, setNotice] = useState('');
  const { blocks, seen, problem, read } = useBorder(api);
  const mayChange = session.person.role !== 'supervisor';
  const figures = [
    { label: text.figures.now, value: blocks?.length },
    { label: text.figures.dropped, value: blocks?.reduce((sum, { dropped }) => sum + dropped, 0) },
    { label: text.figures.day, value: seen?.length },
  ];
  return (
    <div className="board">
      <PageHead title={text.title} lead={text.lead} />
      <div role="alert" className="form-problem">
        {problem && refusal(words, problem)}
      </div>
      <p role="status" className="hint">
        {notice}
      </p>
      <div className="board-figures">
        {figures.map(({ label, value }) => (
          <p key={label} className="card figure">
            <strong>{value?.toLocaleString(language) ?? '–'}</strong>
            <span>{label}</span>
          </p>
        ))}
      </div>
      <BlockTable
        api={api}
        blocks={blocks}
        mayChange={mayChange}
        onLetIn={(source) => {
          setNotice(text.done(source));
          void read();
        }}
      />
      <SeenTable seen={seen} />
      <p className="hint">{text.forGood}</p>
    </div>
  );
}

function useBorder(api: Api) {
  const [blocks, setBlocks] = useState<BlockView[]>();
  const [seen, setSeen] = useState<Seen[]>();
  const [problem, setProblem] = useState<Refused>();
  const read = useCallback(async () => {
    try {
      const [now, day] = await Promise.all([
        api.get<{ items: BlockView[] }>('/blocks'),
        api.get<{ items: AlarmView[] }>('/alarms?limit=200'),
      ]);
      setBlocks(now.items);
      setSeen(day.items.filter(({ kind }) => kind === 'source-blocked'));
      setProblem(undefined);
    } catch (thrown) {
      setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
    }
  }, [api]);
  useEffect(() => {
    void read();
    const timer = setInterval(() => void read(), refreshMs);
    return () => clearInterval(timer);
  }, [read]);
  return { blocks, seen, problem, read };
}

interface BlockTableProps {
  api: Api;
  blocks: BlockView[] | undefined;
  mayChange: boolean;
  onLetIn(source: string): void;
}

function BlockTable({ api, blocks, mayChange, onLetIn }: BlockTableProps) {
  const { language } = useLanguage();
  const text = useBorderWords();
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  const columns = [
    { label: text.source },
    { label: text.why },
    { label: text.since },
    { label: text.until },
    { label: text.dropped, number: true },
    ...(mayChange ? [{ label: text.actions, unseen: true }] : []),
  ];
  const rows = blocks?.map(({ source, because, since, until, dropped }) => (
    <tr key={source}>
      <td>
        <code>{source}</code>
      </td>
      <td>
        <span className="with-icon">
          <Icon name="warning" />
          {text.because[because]}
        </span>
      </td>
      <td data-label={text.since}>{when.format(since)}</td>
      <td data-label={text.until}>
        {when.format(until)} <span className="hint">{text.left(Math.floor((until - serverNow()) / 60_000))}</span>
      </td>
      <td className="number" data-label={text.dropped}>
        {dropped.toLocaleString(language)}
      </td>
      {mayChange && (
        <td className="number actions">
          <DialogFrom
            trigger={
              <Button className="button small" aria-label={text.letInOf(source)}>
                {text.letIn}
              </Button>
            }
          >
            {(close) => (
              <>
                <Heading slot="title">{text.letInOf(source)}</Heading>
                <WhyForm
                  {...{ why: text.whyLetIn, send: text.letInNow, cancel: text.cancel }}
                  onCancel={close}
                  onSend={async (why) => {
                    await api.delete(`/blocks/${encodeURIComponent(source)}`, why);
                    close();
                    onLetIn(source);
                  }}
                >
                  <p>{text.because[because]}</p>
                  <p className="hint">{text.letInLead}</p>
                </WhyForm>
              </>
            )}
          </DialogFrom>
        </td>
      )}
    </tr>
  ));
  return (
    <div className="row-cards">
      <BoardTable id="blocks" title={text.now} columns={columns} empty={text.none} rows={rows} />
    </div>
  );
}

function SeenTable({ seen }: { seen: Seen[] | undefined }) {
  const { language } = useLanguage();
  const text = useBorderWords();
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium' });
  const columns = [{ label: text.at }, { label: text.source }, { label: text.why }];
  const rows = seen?.slice(0, mostSeen).map(({ id, at, subject, because }) => (
    <tr key={id}>
      <td>{when.format(at)}</td>
      <td>
        <code>{subject}</code>
      </td>
      <td>{(text.because as Record<string, string>)[because ?? ''] ?? because}</td>
    </tr>
  ));
  const more = (seen?.length ?? 0) - mostSeen;
  return (
    <>
      <div className="row-cards">
        <BoardTable id="blocks-seen" title={text.seen} columns={columns} empty={text.seenNone} rows={rows} />
      </div>
      {more > 0 && <p className="hint">{text.more(more)}</p>}
    </>
  );
}
