// The own sessions, in the account page.

import type { Api } from '../api/client.ts';
import { SessionTable } from '../people/session-table.tsx';
import { useWords } from '../text/language.tsx';

export function OwnSessions({ api }: { api: Api }) {
  const { people: words } = useWords();
  return <SessionTable api={api} path="/sessions" title={words.ownSessions} mayEnd endAllLabel={words.endOthers} />;
}
