// Classes of personal information: the company's own, from least to most (config/reasons.yaml), and who may handle which.
// What is not known counts as the strictest class, and what is not known of a clearance as the least (ARCHITECTURE.md).

import type { PiiClass } from '../shared/events.ts';

export type { PiiClass } from '../shared/events.ts';

/** A class in the company's own words. */
export interface InformationClass {
  id: PiiClass;
  label: { ja: string; en: string };
  description?: { ja: string; en: string };
}

/** Where the company declares none. */
export const defaultClasses: readonly InformationClass[] = [
  {
    id: 'none',
    label: { ja: '個人情報なし', en: 'no personal information' },
    description: { ja: 'お客様の情報は不要', en: 'Nothing about the customer is needed.' },
  },
  {
    id: 'personal',
    label: { ja: '個人情報', en: 'personal information' },
    description: { ja: '氏名・住所・契約など', en: 'Name, address, contract.' },
  },
  {
    id: 'sensitive',
    label: { ja: '機微な個人情報', en: 'sensitive information' },
    description: {
      ja: '口座・健康・苦情など。用件が分からない場合も含む',
      en: 'Bank account, health, a complaint about a person; also what is not known.',
    },
  },
];

const defaultOrder: readonly PiiClass[] = defaultClasses.map(({ id }) => id);

/**
 * True if a person cleared up to `clearance` may handle a call of class `needed`; `order` is from least to most. An unknown
 * class needs the strictest, an unknown clearance is the least.
 */
export function mayHandle(
  clearance: PiiClass | undefined,
  needed: PiiClass | undefined,
  order: readonly PiiClass[] = defaultOrder,
): boolean {
  const asked = order.indexOf(needed ?? '');
  return Math.max(0, order.indexOf(clearance ?? '')) >= (asked < 0 ? order.length - 1 : asked);
}
