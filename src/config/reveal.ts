// The section reveal: who may see a customer's number, for what, how often. That it is never shown at home is no setting.

import { Type } from 'typebox';
import { section } from '../shared/yaml/yaml-schema.ts';
import { Purpose } from './purposes.ts';

export const Reveal = section('Seeing the number behind an alias (docs/privacy.md). Never from home.', {
  roles: Type.Array(Type.Union([Type.Literal('supervisor'), Type.Literal('administrator')]), {
    default: ['supervisor', 'administrator'],
    description: 'Who may, within their limits to sites and queues; [] is nobody.',
  }),
  perHour: Type.Integer({ default: 10, minimum: 1, maximum: 1000, description: 'How many one person may see.' }),
  shownSeconds: Type.Integer({ default: 60, minimum: 5, maximum: 600, description: 'After that a page forgets it.' }),
  purposes: Type.Array(Purpose, {
    default: [
      { name: 'call-back', label: { ja: 'お客様への折り返し', en: 'Calling back' }, note: false },
      { name: 'complaint', label: { ja: '苦情・お申し出への対応', en: 'A complaint' }, note: false },
      { name: 'nuisance', label: { ja: '迷惑電話・不正の調査', en: 'Nuisance calls, fraud' }, note: false },
      { name: 'authority', label: { ja: '警察・官公庁からの照会', en: 'An authority asks' }, note: true },
      { name: 'other', label: { ja: 'その他', en: 'Something else' }, note: true },
    ],
    minItems: 1,
    description: 'What is asked before each.',
  }),
});
