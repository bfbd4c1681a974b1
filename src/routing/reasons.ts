// The reasons for a call (config/reasons.yaml): what the caller wants, and which class of personal information that touches.
// Pure: the caller reads the file.

import { Type } from 'typebox';
import type { PiiClass } from '../shared/events.ts';
import { byPlace, readYaml } from '../shared/yaml/yaml-reader.ts';
import type { FlowProblem, Reason } from './flow/flow.ts';

const ReasonsSchema = Type.Object(
  {
    reasons: Type.Record(
      Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
      Type.Object(
        {
          label: Type.Object(
            {
              ja: Type.String({ minLength: 1, maxLength: 80, description: 'Japanese.' }),
              en: Type.String({ minLength: 1, maxLength: 80, description: 'English.' }),
            },
            { additionalProperties: false, description: 'What agents see.' },
          ),
          class: Type.Union([Type.Literal('none'), Type.Literal('personal'), Type.Literal('sensitive')], {
            description: 'The personal information such a conversation touches: none, personal or sensitive.',
          }),
        },
        { additionalProperties: false, description: 'One reason.' },
      ),
      {
        minProperties: 1,
        description: 'The reasons by name.',
        'x-keys': 'a name in small letters, digits and "-"',
      },
    ),
  },
  { additionalProperties: false, title: 'Engawa reasons for a call' },
);

interface ReasonFields {
  label?: { ja?: string; en?: string };
  class?: PiiClass;
}

/** The reasons of a file. One with a mistake is left out, and its calls are then handled as the strictest class. */
export function parseReasons(
  yaml: string,
  file: string,
): { reasons: ReadonlyMap<string, Reason>; problems: FlowProblem[] } {
  const owner = (path: readonly string[]) => (path[1] === undefined ? undefined : `reason "${path[1]}"`);
  const reading = readYaml(yaml, file, ReasonsSchema, owner);
  const fields = (reading.value ?? {}) as { reasons?: Record<string, ReasonFields> };
  const reasons = new Map<string, Reason>();
  for (const [id, { label, class: piiClass }] of Object.entries(fields.reasons ?? {})) {
    if (reading.brokenAt(['reasons', id]) || !label?.ja || !label.en || !piiClass) continue;
    reasons.set(id, { id, label: { ja: label.ja, en: label.en }, piiClass });
  }
  return { reasons, problems: reading.problems.sort(byPlace) };
}
