// Devices, for those who look after them: whose, how they stand, when last seen; let in, change, make a code, shut out.

import { useCallback, useEffect, useState } from 'react';
import { Button } from 'react-aria-components';
import type { DeviceView } from '../../../src/api/contracts/device.ts';
import { ApiProblem } from '../api/client.ts';
import { ChooseOne } from '../controls/choose-one.tsx';
import { Icon } from '../controls/icon.tsx';
import { PageHead } from '../controls/page-head.tsx';
import type { SectionProps } from '../sections.ts';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useAct } from '../supervisor/use-act.ts';
import { refusal, useLanguage } from '../text/language.tsx';
import type { Refused } from '../text/refusals.ts';
import '../styles/board.css';
import '../styles/devices.css';
import { Approve, MakeCode, Revoke } from './device-dialogs.tsx';

const refreshMs = 5000;
const filters = ['all', 'requested', 'managed', 'enrolled', 'declined', 'revoked'] as const;
type Filter = (typeof filters)[number];

export function DevicesPage({ api, session }: SectionProps) {
  const { words } = useLanguage();
  const text = words.devices;
  const [devices, setDevices] = useState<DeviceView[]>();
  const [filter, setFilter] = useState<Filter>('all');
  const [problem, setProblem] = useState<Refused>();
  const [notice, setNotice] = useState('');
  const mayChange = session.person.role !== 'auditor';

  const read = useCallback(async () => {
    try {
      const query = filter === 'all' ? '' : `&state=${filter}`;
      const { items } = await api.get<{ items: DeviceView[] }>(`/devices?limit=200${query}`);
      setDevices(items);
      setProblem(undefined);
    } catch (thrown) {
      setProblem(thrown instanceof ApiProblem ? thrown.code : 'page-fault');
    }
  }, [api, filter]);
  const { refused, act } = useAct(() => void read());

  useEffect(() => {
    void read();
    const timer = setInterval(() => void read(), refreshMs);
    return () => clearInterval(timer);
  }, [read]);

  const columns = [
    { label: text.name },
    { label: text.whose },
    { label: text.state },
    { label: text.lastSeen },
    { label: text.actions, unseen: true },
  ];
  return (
    <div className="board">
      <PageHead title={text.title} lead={text.lead}>
        <div className="row">
          <ChooseOne
            label={text.filter}
            options={filters.map((id) => ({ id, label: id === 'all' ? text.all : text.states[id] }))}
            chosen={filter}
            onChoose={(id) => setFilter(id as Filter)}
          />
          {mayChange && <MakeCode api={api} />}
        </div>
      </PageHead>
      <div role="alert" className="form-problem">
        {refused ?? (problem && refusal(words, problem))}
      </div>
      <p role="status" className="hint">
        {notice}
      </p>
      <BoardTable
        id="devices"
        title={filter === 'all' ? text.all : text.states[filter]}
        columns={columns}
        empty={text.none}
        rows={devices?.map((device) => (
          <tr key={device.id}>
            <DeviceCells device={device} />
            <td className="number">
              {mayChange && (
                <div className="device-actions">
                  {(device.state === 'requested' || device.state === 'declined') && (
                    <Approve
                      device={device}
                      onApprove={(body) => act(() => api.post(`/devices/${device.id}/approval`, body))}
                    />
                  )}
                  {device.state === 'requested' && (
                    <Button
                      className="button small"
                      onPress={() => void act(() => api.post(`/devices/${device.id}/refusal`, {}))}
                    >
                      {text.decline}
                    </Button>
                  )}
                  {(device.state === 'enrolled' || device.state === 'managed') && (
                    <Revoke
                      device={device}
                      onRevoke={(why) =>
                        act(async () => {
                          const body = why ? { why } : {};
                          const { ended } = await api.post<{ ended: number }>(`/devices/${device.id}/revocation`, body);
                          setNotice(text.revoked(ended));
                        })
                      }
                    />
                  )}
                </div>
              )}
            </td>
          </tr>
        ))}
      />
    </div>
  );
}

function DeviceCells({ device }: { device: DeviceView }) {
  const { words, language } = useLanguage();
  const text = words.devices;
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  const isIn = device.state === 'enrolled' || device.state === 'managed';
  return (
    <>
      <td>
        {device.name}
        <span className="device-sub">
          {[text.provesBy[device.provesBy], device.system].filter(Boolean).join(' · ')}
        </span>
      </td>
      <td>{device.person?.displayName ?? text.everybody}</td>
      <td>
        <span className="chip" data-ok={isIn ? 'true' : device.state === 'revoked' ? 'false' : undefined}>
          <Icon name={isIn ? 'lock' : 'warning'} />
          {text.states[device.state]}
        </span>
        {device.sessions > 0 && <span className="device-sub">{text.inUse(device.sessions)}</span>}
        {device.why && <span className="device-sub">{text.why2(device.why)}</span>}
      </td>
      <td>
        {device.seenAt === null ? text.never : when.format(device.seenAt)}
        {device.seenBy && <span className="device-sub">{text.by(device.seenBy)}</span>}
      </td>
    </>
  );
}
