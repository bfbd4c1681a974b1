// Whether the chain of the log holds: as of the last signature, and looked through again when asked.

import { useState } from 'react';
import { Button } from 'react-aria-components';
import type { AuditState, AuditVerification } from '../../../src/api/contracts/audit.ts';
import type { Api } from '../api/client.ts';
import { Icon } from '../controls/icon.tsx';
import { useFetched } from '../state/use-fetched.ts';
import { useAct } from '../supervisor/use-act.ts';
import { useAuditWords } from '../text/audit-words.ts';
import { useLanguage } from '../text/language.tsx';

export function ChainCard({ api }: { api: Api }) {
  const { language } = useLanguage();
  const text = useAuditWords().chain;
  const [looks, setLooks] = useState(0);
  const [found, setFound] = useState<AuditVerification>();
  const [busy, setBusy] = useState(false);
  const state = useFetched(() => api.get<AuditState>('/audit/state'), looks);
  const { refused, act } = useAct(() => setLooks((before) => before + 1));
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  const verify = async () => {
    setBusy(true);
    await act(async () => setFound(await api.post<AuditVerification>('/audit/verify')));
    setBusy(false);
  };
  const problems = found?.problems ?? (state?.broken ? [state.broken] : []);
  const isBroken = problems.length > 0;
  return (
    <section className="card audit-chain" aria-labelledby="audit-chain-title" data-broken={isBroken}>
      <h2 id="audit-chain-title">{text.title}</h2>
      {state && (
        <p>
          <span className="chip" data-ok={!isBroken}>
            <Icon name={isBroken ? 'warning' : 'lock'} />
            {state.head ? text.entries(state.head.seq) : text.none}
          </span>{' '}
          <span>
            {state.lastSigned ? text.signed(when.format(state.lastSigned.at), state.lastSigned.seq) : text.unsigned}
          </span>
        </p>
      )}
      {state && (
        <p className="hint audit-key">
          {text.publicKey}: <code>{state.publicKey}</code>
        </p>
      )}
      <div role="status">
        {found && !isBroken && <p>{text.good(found.entries, found.headsAgreed)}</p>}
        {isBroken && (
          <>
            <p className="problem">{text.broken}</p>
            <ul lang="en">
              {problems.slice(0, 10).map(({ sentence }) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
            {problems.length > 10 && <p>{text.more}</p>}
          </>
        )}
        {refused && <p className="problem">{refused}</p>}
      </div>
      <Button className="button" isDisabled={busy} onPress={() => void verify()}>
        {busy ? text.verifying : text.verify}
      </Button>
    </section>
  );
}
