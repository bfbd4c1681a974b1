// Whether a number typed by a person may be dialled: understood in the company's country, then the dialling rules.

import type { DialDecision } from './call/parts.ts';
import type { Config } from './config.ts';
import type { NumberClass } from './privacy/number-forms.ts';
import { parseUserInput } from './privacy/number-forms.ts';
import { defaultDialRules, mayDial } from './sbc/dial-rules.ts';

const sentences: Record<string, string> = {
  emergency: 'Emergency numbers are not dialled from here. Use your own telephone.',
  international: 'International numbers may not be dialled.',
  premium: 'Premium numbers may not be dialled.',
  'navi-dial': 'Numbers with 0570 may not be dialled.',
  'special-service': 'This service number may not be dialled.',
  listed: 'This number is on the list of numbers that may not be dialled.',
  unknown: 'This is not a number that can be dialled.',
};

export function checkDial(typed: string, config: Pick<Config, 'company' | 'dialling'>): DialDecision {
  const parsed = parseUserInput(typed, config.company.country);
  if (parsed.kind !== 'number') return { kind: 'refused', because: sentences['unknown']! };
  const extra: NumberClass[] = [
    ...(config.dialling.international ? (['international'] as const) : []),
    ...(config.dialling.premium ? (['premium'] as const) : []),
  ];
  const decision = mayDial(parsed.number, {
    allow: [...defaultDialRules.allow, ...extra],
    homeCountry: config.company.country,
  });
  if (decision.kind === 'allowed') return { kind: 'allowed', number: parsed.number };
  return { kind: 'refused', because: sentences[decision.because] ?? sentences['unknown']! };
}
