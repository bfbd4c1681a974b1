// Reads config/home-work.yaml: who may work from home, from when, and the pledge. Every mistake is told with line, column and a
// sentence, and a file with one is not used at all. Pure: the caller reads the files.

import { type Static, Type } from 'typebox';
import { byPlace, readYaml, type YamlPath, type YamlProblem } from '../../shared/yaml/yaml-reader.ts';
import { section } from '../../shared/yaml/yaml-schema.ts';
import { dateIn, type HomeWorkRules } from './home-work-rules.ts';

const employment = Type.Union([Type.Literal('regular'), Type.Literal('temporary'), Type.Literal('outsourced')]);
const training = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$', 'x-says': 'the name of a training' });
const days = (description: string, usual: number) =>
  Type.Integer({ minimum: 1, maximum: 3650, default: usual, description });

export const HomeWorkSchema = section('Who may work from home', {
  'time-zone': Type.String({ default: 'Asia/Tokyo', description: 'Whose calendar days are meant.' }),
  from: Type.String({
    pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$',
    'x-says': 'a date such as 2026-10-01',
    description: 'In force from this day: who is not eligible is offered no calls at home. Before, it is only shown.',
  }),
  employment: Type.Optional(Type.Array(employment, { minItems: 1, description: 'One of these.' })),
  'years-of-service': Type.Optional(
    Type.Number({ minimum: 0, maximum: 60, description: 'At least; 0.5 is six months.' }),
  ),
  trainings: Type.Array(
    Type.Union([
      training,
      section('A training that may not be too old.', {
        training,
        'within-days': Type.Integer({ minimum: 1, maximum: 36500 }),
      }),
    ]),
    { default: [], description: 'All of these passed.' },
  ),
  pledge: Type.Optional(
    section('The pledge that is signed in the page.', {
      number: Type.String({
        pattern: '^[\\w.-]{1,32}$',
        'x-says': 'a number such as 2026-1',
        description: 'With a new number everybody has to sign again, as with a changed text.',
      }),
      ja: Type.String({ minLength: 1, description: 'File of the text, plain or Markdown, beside this file.' }),
      en: Type.String({ minLength: 1, description: 'The same in English.' }),
      'valid-days': days('How long a signature counts.', 365),
      'remind-days': days('How long before its end one is reminded.', 30),
    }),
  ),
});

type Fields = Static<typeof HomeWorkSchema>;

export type HomeWorkReading =
  | { ok: true; rules: HomeWorkRules; problems: YamlProblem[] }
  | { ok: false; problems: YamlProblem[] };

/** Never throws. `hasFile`: whether the text of a pledge is there. */
export function parseHomeWork(yaml: string, file: string, hasFile: (name: string) => boolean): HomeWorkReading {
  const reading = readYaml(yaml, file, HomeWorkSchema, (path: YamlPath) =>
    path[0] === 'pledge' ? 'pledge' : undefined,
  );
  const fields = (reading.value ?? {}) as Partial<Fields>;
  const wrong = (path: YamlPath, message: string) => reading.report('error', path, message);
  let timeZone = fields['time-zone'] ?? 'Asia/Tokyo';
  if (!isZone(timeZone)) {
    wrong(['time-zone'], `there is no time zone "${timeZone}"; write it as Asia/Tokyo`);
    timeZone = 'Asia/Tokyo';
  }
  const fromMs = fields.from === undefined ? 0 : beginOfDay(fields.from, timeZone);
  if (Number.isNaN(fromMs)) wrong(['from'], `there is no such day: "${fields.from}"`);
  const { pledge } = fields;
  for (const language of ['ja', 'en'] as const) {
    const name = pledge?.[language];
    if (name !== undefined && !hasFile(name))
      wrong(['pledge', language], `the file "${name}" is not there or is empty`);
  }
  if (pledge && pledge['remind-days'] >= pledge['valid-days'])
    wrong(['pledge', 'remind-days'], '"remind-days" is not less than "valid-days": everybody would be reminded always');
  const asks = fields.employment || fields['years-of-service'] !== undefined || fields.trainings?.length || pledge;
  if (!asks && !reading.brokenAt([]))
    wrong([], 'nothing is asked for: write employment, years-of-service, trainings or pledge');
  const problems = reading.problems.sort(byPlace);
  if (problems.some(({ severity }) => severity === 'error')) return { ok: false, problems };
  return { ok: true, rules: rulesOf(fields as Fields, timeZone, fromMs), problems };
}

function rulesOf(fields: Fields, timeZone: string, fromMs: number): HomeWorkRules {
  const { pledge } = fields;
  return {
    timeZone,
    fromMs,
    employment: fields.employment ?? null,
    yearsOfService: fields['years-of-service'] ?? null,
    trainings: fields.trainings.map((one) =>
      typeof one === 'string'
        ? { training: one, withinDays: null }
        : { training: one.training, withinDays: one['within-days'] },
    ),
    pledge: pledge
      ? {
          number: pledge.number,
          files: { ja: pledge.ja, en: pledge.en },
          validDays: pledge['valid-days'],
          remindDays: pledge['remind-days'],
        }
      : null,
  };
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }) !== undefined;
  } catch {
    return false;
  }
}

/** Midnight there; NaN for a day that is none. */
function beginOfDay(date: string, timeZone: string): number {
  const utc = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(utc) || !new Date(utc).toISOString().startsWith(date)) return Number.NaN;
  // The first of the half hours around it in which that day has begun there.
  for (let at = utc - 15 * 3_600_000; at <= utc + 15 * 3_600_000; at += 900_000)
    if (dateIn(timeZone, at) === date) return at;
  return Number.NaN;
}
