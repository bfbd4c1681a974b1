// Entries of the log, a line each; what more is known of one opens below it.

import { Fragment, useState } from 'react';
import { Button } from 'react-aria-components';
import type { AuditEntryView } from '../../../src/api/contracts/audit.ts';
import { Icon } from '../controls/icon.tsx';
import { BoardTable } from '../supervisor/board-table.tsx';
import { useAuditWords } from '../text/audit-words.ts';
import { useLanguage } from '../text/language.tsx';
import { useAuditNames } from './audit-names.ts';

export function AuditTable({ entries }: { entries: AuditEntryView[] | undefined }) {
  const { words, language } = useLanguage();
  const text = useAuditWords();
  const { actName, byName, targetName } = useAuditNames();
  const [open, setOpen] = useState<number>();
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium' });
  const columns = [
    { label: text.number, number: true },
    { label: text.when },
    { label: text.who },
    { label: text.act },
    { label: text.to_ },
    { label: text.why },
    { label: text.where },
    { label: text.details, unseen: true },
  ];
  const rows = entries?.map((entry) => {
    const { seq, at, act, outcome, by, target, details } = entry;
    const isOpen = open === seq;
    return (
      <Fragment key={seq}>
        <tr data-seq={seq}>
          <td className="number">{seq}</td>
          <td className="when">{when.format(at)}</td>
          <td>{byName(by)}</td>
          <td>
            <span className="chip" data-ok={outcome === 'done'}>
              {outcome === 'refused' && <Icon name="warning" />}
              {actName(act)}
              {outcome === 'refused' && <span className="unseen">{text.outcomes.refused}</span>}
            </span>
          </td>
          <td className="target" data-empty={target === null}>
            {target ? targetName(target) : '–'}
          </td>
          <td className="why" data-empty={details?.purpose === undefined}>
            {details?.purpose ?? '–'}
          </td>
          <td>{details?.place ? placeName(words.shell.places, details.place) : (details?.address ?? '–')}</td>
          <td className="number">
            <Button
              className="button small"
              aria-expanded={isOpen}
              aria-label={text.detailsOf(seq)}
              onPress={() => setOpen(isOpen ? undefined : seq)}
            >
              {isOpen ? text.hide : text.details}
            </Button>
          </td>
        </tr>
        {isOpen && (
          <tr className="audit-details">
            <td colSpan={columns.length}>
              <Details entry={entry} />
            </td>
          </tr>
        )}
      </Fragment>
    );
  });
  return <BoardTable id="audit-entries" title={text.found} columns={columns} empty={text.nothing} rows={rows} />;
}

const placeName = (places: Readonly<Record<string, string>>, place: string): string => places[place] ?? place;

function Details({ entry }: { entry: AuditEntryView }) {
  const { words } = useLanguage();
  const text = useAuditWords();
  const { details, about, hash, id } = entry;
  const facts: [string, string | undefined][] = [
    [text.address, details?.address],
    [text.place, details?.place && placeName(words.shell.places, details.place)],
    [text.device, details ? (details.deviceId ?? text.noDevice) : undefined],
    [text.session, details?.sessionId],
    [text.browser, details?.userAgent],
    [text.why, details?.purpose],
    [text.about, about.map(({ id, name }) => name ?? id).join(', ') || undefined],
    ...Object.entries(details?.more ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
    ['ID', id],
    [text.hash, hash],
  ];
  return (
    <>
      {details === null && <p className="hint">{text.forgotten}</p>}
      <dl className="audit-facts">
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
    </>
  );
}
