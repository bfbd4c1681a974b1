// The reasons for a call (config/reasons.yaml): what the caller wants, and which class of personal information that touches;
// and the company's classes, in its own words. Pure: the caller reads the file.

import { Type } from 'typebox';
import { defaultClasses, type InformationClass } from '../privacy/pii-class.ts';
import type { PiiClass } from '../shared/events.ts';
import { nearest } from '../shared/nearest.ts';
import { byPlace, readYaml, type YamlReading } from '../shared/yaml/yaml-reader.ts';
import type { FlowProblem, Reason } from './flow/flow.ts';

const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description });
const words = (maxLength: number, description: string) =>
  Type.Object(
    { ja: text(maxLength, 'Japanese.'), en: text(maxLength, 'English.') },
    { additionalProperties: false, description },
  );

/** Keys keep the order of the file as long as they are not whole numbers. */
const classPattern = '^[a-z][a-z0-9-]{0,31}$';

const ReasonsSchema = Type.Object(
  {
    classes: Type.Optional(
      Type.Record(
        Type.String({ pattern: classPattern }),
        Type.Object(
          { label: words(80, 'As part of a sentence.'), description: Type.Optional(words(400, 'What belongs to it.')) },
          { additionalProperties: false, description: 'One class.' },
        ),
        {
          minProperties: 1,
          description: 'The classes of personal information by name, from least to most.',
          'x-keys': 'a name in small letters, digits and "-", beginning with a letter',
        },
      ),
    ),
    reasons: Type.Record(
      Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
      Type.Object(
        {
          label: words(80, 'What agents see.'),
          class: Type.String({
            pattern: classPattern,
            'x-says': 'a class of personal information',
            description: 'The class of personal information that such a conversation touches.',
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

interface ClassFields {
  label?: { ja?: string; en?: string };
  description?: { ja: string; en: string };
}

export interface ParsedReasons {
  reasons: ReadonlyMap<string, Reason>;
  /** From least to most; the usual three where the file names none. */
  classes: readonly InformationClass[];
  problems: FlowProblem[];
}

/** The reasons of a file. One with a mistake is left out, and its calls are then handled as the strictest class. */
export function parseReasons(yaml: string, file: string): ParsedReasons {
  const owner = ([what, name]: readonly string[]) =>
    name === undefined ? undefined : `${what === 'classes' ? 'class' : 'reason'} "${name}"`;
  const reading = readYaml(yaml, file, ReasonsSchema, owner);
  const fields = (reading.value ?? {}) as {
    classes?: Record<string, ClassFields>;
    reasons?: Record<string, ReasonFields>;
  };
  const classes = fields.classes ? classesFrom(fields.classes, reading) : defaultClasses;
  const ids = fields.classes ? reading.keysAt(['classes']) : classes.map(({ id }) => id);
  const reasons = new Map<string, Reason>();
  for (const [id, { label, class: piiClass }] of Object.entries(fields.reasons ?? {})) {
    if (piiClass && !ids.includes(piiClass)) {
      const near = nearest(piiClass, ids);
      const hint = near ? `did you mean "${near}"?` : `there are ${ids.join(', ')}`;
      reading.report('error', ['reasons', id, 'class'], `there is no class "${piiClass}"; ${hint}`);
    }
    if (reading.brokenAt(['reasons', id]) || !label?.ja || !label.en || !piiClass) continue;
    reasons.set(id, { id, label: { ja: label.ja, en: label.en }, piiClass });
  }
  return { reasons, classes, problems: reading.problems.sort(byPlace) };
}

function classesFrom(fields: Record<string, ClassFields>, reading: YamlReading): InformationClass[] {
  return Object.entries(fields).flatMap(([id, { label, description }]) =>
    !reading.brokenAt(['classes', id]) && label?.ja && label.en
      ? [{ id, label: { ja: label.ja, en: label.en }, ...(description ? { description } : {}) }]
      : [],
  );
}
