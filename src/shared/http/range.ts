// Which bytes of a representation a request wants (RFC 9110 §14). One range only: of several at once, a server may refuse to
// send any, since they can cost it much more than they cost who asks (§17.15). Pure.

export type WantedRange =
  | { kind: 'all' }
  | { kind: 'part'; from: number; to: number }
  /** 416: beyond the end, nothing, or several at once. */
  | { kind: 'unsatisfiable' };

/** `header`: the field Range. What is not in bytes, or not to be understood, is ignored, as §14.2 wants it. */
export function wantedRange(header: string | undefined, size: number): WantedRange {
  const asked = /^\s*bytes\s*=\s*(.*)$/i.exec(header ?? '')?.[1]?.trim();
  if (asked === undefined) return { kind: 'all' };
  if (asked.includes(',')) return { kind: 'unsatisfiable' };
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(asked) ?? [];
  if (first === '' && last === '') return { kind: 'all' };
  if (first === '') {
    const from = Math.max(0, size - Number(last));
    return Number(last) === 0 || size === 0 ? { kind: 'unsatisfiable' } : { kind: 'part', from, to: size - 1 };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return { kind: 'all' };
  if (from >= size) return { kind: 'unsatisfiable' };
  return { kind: 'part', from, to: last === '' ? size - 1 : Math.min(size - 1, Number(last)) };
}
