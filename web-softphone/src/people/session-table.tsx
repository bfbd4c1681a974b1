// Where somebody is signed in, and ending that: one's own, or as an administrator anybody's.

import { useCallback, useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import type { OpenSessionView } from '../../../src/api/contracts/people.ts';
import { type Api, ApiProblem } from '../api/client.ts';
import { browserOf } from '../desk/browser-of.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useAct } from '../supervisor/use-act.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import { dayAndTime } from './when.ts';
import '../styles/board.css';
import '../styles/people.css';
import { usePeopleWords } from './use-words.ts';

interface SessionTableProps {
  api: Api;
  /** `/sessions` for the own, `/users/{id}/sessions` for somebody else's. */
  path: string;
  title: string;
  mayEnd: boolean;
  endAllLabel: string;
}

const refreshMs = 10_000;

export function SessionTable({ api, path, title, mayEnd, endAllLabel }: SessionTableProps) {
  const { words, language } = useLanguage();
  const text = usePeopleWords();
  const [sessions, setSessions] = useState<OpenSessionView[]>();
  const [problem, setProblem] = useState<Refused>();
  const [notice, setNotice] = useState('');
  const read = useCallback(async () => {
    try {
      setSessions((await api.get<{ items: OpenSessionView[] }>(path)).items);
      setProblem(undefined);
    } catch (thrown) {
      setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
    }
  }, [api, path]);
  const { refused, act } = useAct(() => void read());
  useEffect(() => {
    void read();
    const timer = setInterval(() => void read(), refreshMs);
    return () => clearInterval(timer);
  }, [read]);

  const others = sessions?.filter(({ current }) => !current) ?? [];
  const columns = [
    { label: text.computer },
    { label: text.address },
    { label: text.proof },
    { label: text.since },
    { label: text.lastSeen },
    { label: text.actions, unseen: true },
  ];
  const end = (id: string) =>
    act(async () => {
      await api.delete(`${path}/${id}`);
      setNotice(text.ended(1));
    });
  return (
    <div className="people-sessions people-table">
      <BoardTable
        id="sessions"
        title={title}
        columns={columns}
        empty={text.noSessions}
        note={
          <div role="alert" className="form-problem">
            {refused ?? (problem && refusal(words, problem))}
          </div>
        }
        rows={sessions?.map((session) => (
          <tr key={session.id}>
            <td>
              <span title={session.userAgent}>{browserOf(session.userAgent)}</span>{' '}
              {session.current && <span className="chip">{text.thisOne}</span>}{' '}
              {session.desk && <span className="chip">{text.deskHere}</span>}
            </td>
            <td>
              {session.address} <span className="hint">{words.shell.places[session.place]}</span>
            </td>
            <td>{session.secondFactor ? text.proofs[session.secondFactor] : text.passwordOnly}</td>
            <td>{dayAndTime(session.createdAt, language)}</td>
            <td>{dayAndTime(session.seenAt, language)}</td>
            <td className="number">
              {mayEnd && !session.current && (
                <Button className="button small" onPress={() => void end(session.id)}>
                  {text.end}
                </Button>
              )}
            </td>
          </tr>
        ))}
      />
      <p role="status" className="hint">
        {notice}
      </p>
      {mayEnd && others.length > 0 && (
        <Button
          className="button danger"
          onPress={() =>
            void act(async () => {
              await api.delete(path);
              setNotice(text.ended(others.length));
            })
          }
        >
          {endAllLabel}
        </Button>
      )}
    </div>
  );
}
