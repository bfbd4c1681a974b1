// A table that may be wider than the screen: scrolls by itself, with the keyboard too.

import type { ReactNode } from 'react';

export function Scroll({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1)
    <div className="board-scroll" tabIndex={0}>
      {children}
    </div>
  );
}
