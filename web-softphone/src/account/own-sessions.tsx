// The own sessions, in the account page.

import type { Api } from '../api/client.ts';
import { SessionTable } from '../people/session-table.tsx';
import { usePeopleWords } from '../people/use-words.ts';

export function OwnSessions({ api }: { api: Api }) {
  const words = usePeopleWords();
  return <SessionTable api={api} path="/sessions" title={words.ownSessions} mayEnd endAllLabel={words.endOthers} />;
}
