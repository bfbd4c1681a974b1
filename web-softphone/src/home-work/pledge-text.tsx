// The text of a pledge: plain, or the little of Markdown that such texts have (headings, lists, paragraphs). Nothing in it is taken as
// HTML.

import type { ReactNode } from 'react';

export function PledgeText({ text, language }: { text: string; language: 'ja' | 'en' }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <div className="pledge-text" lang={language} tabIndex={0}>
      {blocksOf(text)}
    </div>
  );
}

function blocksOf(text: string): ReactNode[] {
  return text
    .split(/\r?\n\s*\r?\n/)
    .filter((block) => block.trim() !== '')
    .map((block, at) => blockOf(block.trim(), at));
}

function blockOf(block: string, key: number): ReactNode {
  const heading = /^(#{1,4})\s+(.*)$/s.exec(block);
  if (heading) {
    const [, marks = '', rest = ''] = heading;
    const [title, ...more] = rest.split(/\r?\n/);
    return (
      <div key={key}>
        {marks.length === 1 ? <h3>{title}</h3> : <h4>{title}</h4>}
        {more.length > 0 && blockOf(more.join('\n').trim(), 0)}
      </div>
    );
  }
  const lines = block.split(/\r?\n/);
  const items = lines.map((line) => /^\s*(?:[-*]|\d+[.)])\s+(.*)$/.exec(line)?.[1]);
  if (items.every((item) => item !== undefined)) {
    const list = items.map((item) => <li key={item}>{item}</li>);
    return /^\s*\d/.test(block) ? <ol key={key}>{list}</ol> : <ul key={key}>{list}</ul>;
  }
  return <p key={key}>{lines.join(' ')}</p>;
}
