// Settings of the border under attack (src/sbc/guard). Joined to the others in schema.ts.

import { Type } from 'typebox';
import { section } from '../shared/yaml/yaml-schema.ts';

export const BorderSettings = section(
  'Who may speak SIP to our own SIP server. Sources of trunks are never silenced nor blocked; see docs/attack.md.',
  {
    allow: Type.Array(Type.String(), {
      default: [],
      description:
        'Addresses and networks that are never blocked and always answered, besides addresses of trunks: monitoring, a carrier’s test equipment.',
    }),
    deny: Type.Array(Type.String(), { default: [], description: 'Addresses and networks that are never answered.' }),
    strangers: Type.Unsafe<'silence' | 'refuse'>({
      type: 'string',
      enum: ['silence', 'refuse'],
      default: 'silence',
      description: 'What sources that belong to no trunk hear: nothing at all, or 403.',
    }),
    scanners: Type.Array(Type.String({ minLength: 3, maxLength: 60 }), {
      default: [],
      description: 'Further names of scanners in User-Agent, From or To; the well-known are known.',
    }),
    strangerMessagesPerSecond: Type.Integer({
      default: 10,
      minimum: 1,
      description: 'Messages of one unknown source that are read.',
    }),
    strangersMessagesPerSecond: Type.Integer({
      default: 500,
      minimum: 1,
      description: 'Messages of all unknown sources together that are read.',
    }),
    strangerConnections: Type.Integer({
      default: 10,
      minimum: 0,
      description: 'TCP and TLS connections of one unknown source.',
    }),
    strangersConnections: Type.Integer({
      default: 500,
      minimum: 0,
      description: 'TCP and TLS connections of all unknown sources together.',
    }),
    blockAfterPoints: Type.Integer({
      default: 20,
      minimum: 1,
      description:
        'Points within a minute that block a source. A request without a right, a wrong password and a silent connection cost 2, a malformed or surplus message 1, a scanner’s name 100.',
    }),
    blockMinutes: Type.Integer({
      default: 10,
      minimum: 1,
      maximum: 1440,
      description: 'How long the first block lasts; each further one within a day twice as long, a day at most.',
    }),
  },
);
