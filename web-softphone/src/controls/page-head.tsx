// The head of a page: what it is, what it is for, and beside it what is done there first.

import type { ReactNode } from 'react';

export function PageHead({ title, lead, children }: { title: string; lead: string; children?: ReactNode }) {
  return (
    <div className="page-head">
      <div>
        <h1>{title}</h1>
        <p className="hint">{lead}</p>
      </div>
      {children}
    </div>
  );
}
