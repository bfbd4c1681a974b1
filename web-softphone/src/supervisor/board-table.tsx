// One card of the wallboard: a title, what is to be said, and a table that may be wider than the screen: it scrolls by
// itself, with the keyboard too.

import type { ReactNode } from 'react';

export interface Column {
  label: string;
  /** Figures: to the right, of equal width. */
  number?: boolean;
  /** Named for who hears the page, not shown. */
  unseen?: boolean;
}

interface BoardTableProps {
  id: string;
  title: string;
  columns: readonly Column[];
  /** Said above the table. */
  note?: ReactNode;
  /** Said in place of the table while there are no rows; undefined shows the empty table. */
  empty?: string | undefined;
  /** Rows; undefined while nothing is known yet. */
  rows: readonly ReactNode[] | undefined;
}

export function BoardTable({ id, title, columns, note, empty, rows }: BoardTableProps) {
  return (
    <section className="card board-card" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {note}
      {empty !== undefined && rows?.length === 0 && <p className="hint">{empty}</p>}
      {(empty === undefined || (rows?.length ?? 0) > 0) && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
        <div className="board-scroll" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {columns.map(({ label, number, unseen }) => (
                  <th key={label} scope="col" className={number ? 'number' : undefined}>
                    {unseen ? <span className="unseen">{label}</span> : label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{rows}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}
