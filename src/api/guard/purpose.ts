// For what somebody hears or sees what a customer entrusted to the company: one of the purposes that the company has named.

import { HttpProblem } from '../errors.ts';

export interface Purpose {
  name: string;
  label: { ja: string; en: string };
  /** A few words must be added. */
  note: boolean;
}

/** In words for the audit log. Throws what is answered to who does not say it. */
export function requirePurpose(purposes: readonly Purpose[], said: { purpose: string; note?: string }): string {
  const purpose = purposes.find(({ name }) => name === said.purpose);
  const note = (said.note ?? '').trim();
  if (!purpose) throw new HttpProblem(400, 'Say for what purpose.', { code: 'purpose-needed' });
  if (purpose.note && note.length < 4)
    throw new HttpProblem(400, 'This purpose needs a few words.', { code: 'purpose-needed' });
  return note === '' ? purpose.name : `${purpose.name}: ${note}`;
}
