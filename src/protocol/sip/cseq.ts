// CSeq (RFC 3261 §20.16) and RAck (RFC 3262 §7.2): numbers below 2^32 and a method.

import { digits } from './uri.ts';

export interface CSeq {
  number: number;
  method: string;
}

export function parseCSeq(value: string): CSeq | undefined {
  const space = value.search(/[ \t]/);
  if (space < 0) return undefined;
  const number = digits(stripZeros(value.slice(0, space)), 0, 2 ** 32 - 1);
  const method = value.slice(space + 1).trim();
  return number === undefined || method === '' || /\s/.test(method) ? undefined : { number, method };
}

/** `RAck: response-number CSeq-number method`. */
export function parseRAck(value: string): { rseq: number; cseq: CSeq } | undefined {
  const space = value.search(/[ \t]/);
  if (space < 0) return undefined;
  const rseq = digits(value.slice(0, space), 0, 2 ** 32 - 1);
  const cseq = parseCSeq(value.slice(space + 1).trim());
  return rseq === undefined || !cseq ? undefined : { rseq, cseq };
}

/** Leading zeros are legal and may be many (RFC 4475 §3.1.1.1). */
function stripZeros(text: string): string {
  return text.charCodeAt(0) === 0x30 ? text.replace(/^0+(?=\d)/, '') : text;
}
