// What people choose from before they hear or see what a customer entrusted to the company.

import { Type } from 'typebox';
import { section } from '../shared/yaml/yaml-schema.ts';

export const Purpose = section('A purpose that people can choose.', {
  name: Type.String({ pattern: '^[a-z0-9-]{1,32}$', description: 'What the audit log keeps.' }),
  label: section('The same in Japanese and English.', { ja: Type.String(), en: Type.String() }),
  note: Type.Boolean({ default: false, description: 'A few words must be added.' }),
});

/** `setting`: its name in the file. */
export function purposeProblems(setting: string, purposes: readonly { name: string }[]): string[] {
  const names = purposes.map(({ name }) => name);
  return names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${setting}: “${name}” is there twice.`);
}
