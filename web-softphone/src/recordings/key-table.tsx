// Keys, one a line: whose, of what kind, in use or not; to be approved and ended by who may.

import { Button } from 'react-aria-components';
import type { ListeningKeyView } from '../../../src/api/contracts/playback.ts';
import type { Api } from '../api/client.ts';
import { Icon } from '../controls/icon.tsx';
import { useAct } from '../supervisor/use-act.ts';
import { useRecordingsWords } from '../text/recordings-words.ts';

interface KeyTableProps {
  api: Api;
  keys: readonly ListeningKeyView[] | undefined;
  /** Of an administrator: whose key it is, and a button to approve it, unless it is the own one. */
  approver?: string;
  mayEnd?: boolean;
  onChanged(): void;
}

const stateOf = ({ approvedAt, endedAt }: ListeningKeyView) =>
  endedAt !== null ? 'ended' : approvedAt === null ? 'waiting' : 'approved';

export function KeyTable({ api, keys, approver, mayEnd = true, onChanged }: KeyTableProps) {
  const text = useRecordingsWords();
  const { refused, act } = useAct(onChanged);
  if (keys?.length === 0) return <p className="hint">{text.noKeys}</p>;
  return (
    <>
      {refused && (
        <p className="problem" role="alert">
          {refused}
        </p>
      )}
      <ul className="key-list">
        {keys?.map((key) => (
          <li key={key.id} data-state={stateOf(key)}>
            <span className="with-icon">
              <Icon name={key.kind === 'passkey' ? 'shield' : 'lock'} />
              <span>
                {key.name}
                <small className="hint">
                  {[text.kindsOfKey[key.kind], approver !== undefined && key.displayName, text.states[stateOf(key)]]
                    .filter(Boolean)
                    .join(' · ')}
                </small>
              </span>
            </span>
            <span className="row">
              {approver !== undefined && stateOf(key) === 'waiting' && key.personId !== approver && (
                <Button
                  className="button small primary"
                  aria-label={text.approveOf(key.name, key.displayName)}
                  onPress={() => void act(() => api.post(`/listening-keys/${key.id}/commands/approve`))}
                >
                  {text.approve}
                </Button>
              )}
              {mayEnd && stateOf(key) !== 'ended' && (
                <Button
                  className="button small"
                  aria-label={text.endOf(key.name)}
                  onPress={() => void act(() => api.delete(`/listening-keys/${key.id}`))}
                >
                  {text.end}
                </Button>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
