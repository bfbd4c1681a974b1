// The own telephone of a person: registered, replaced or removed by an administrator. The number itself is never shown again.

import { useCallback, useEffect, useState } from 'react';
import { Button, Form } from 'react-aria-components';
import { type Api, ApiProblem } from '../api/client.ts';
import { useAct } from '../supervisor/use-act.ts';
import { Text, Tick } from './fields.tsx';
import { usePeopleWords } from './use-words.ts';

interface TelephoneView {
  allowed: boolean;
  masked: string | null;
}

export function TelephoneCard({ api, personId, mayChange }: { api: Api; personId: string; mayChange: boolean }) {
  const words = usePeopleWords();
  const [telephone, setTelephone] = useState<TelephoneView>();
  const [number, setNumber] = useState('');
  const { refused, act } = useAct(() => setNumber(''));
  const path = `/users/${personId}/telephone`;
  const read = useCallback(async () => {
    try {
      setTelephone(await api.get<TelephoneView>(path));
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem)) throw thrown;
    }
  }, [api, path]);
  useEffect(() => void read(), [read]);
  if (!telephone) return null;
  const change = (body: object) => act(async () => setTelephone(await api.put<TelephoneView>(path, body)));
  return (
    <section className="card" aria-labelledby="person-telephone">
      <h2 id="person-telephone">{words.telephone}</h2>
      <p>{telephone.masked ?? words.telephoneNone}</p>
      <p className="hint">{words.telephoneHint}</p>
      {mayChange && (
        <Form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void change({ number });
          }}
        >
          <Text label={words.telephoneNumber} type="tel" value={number} onChange={setNumber} />
          <div className="row">
            <Button className="button" type="submit" isDisabled={number.trim() === ''}>
              {words.setTelephone}
            </Button>
            {telephone.masked && (
              <Button className="button quiet" onPress={() => void change({ number: null })}>
                {words.removeTelephone}
              </Button>
            )}
          </div>
          <Tick isSelected={telephone.allowed} onChange={(allowed) => void change({ allowed })}>
            {words.telephoneAllowed}
          </Tick>
          <div role="alert" className="form-problem">
            {refused}
          </div>
        </Form>
      )}
    </section>
  );
}
