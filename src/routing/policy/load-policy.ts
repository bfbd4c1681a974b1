// Reads config/policy.yaml: the company's rules for who may take what, where and when. Every mistake is told with line, column
// and a sentence, and a file with one is not used at all: a rule that is left out would open a door.
// Pure: the caller reads the file. Without a file, `defaultPolicy`: a class within the own clearance.

import { createHash } from 'node:crypto';
import type { InformationClass } from '../../privacy/pii-class.ts';
import { nearest } from '../../shared/nearest.ts';
import { byPlace, readYaml, type YamlPath, type YamlProblem, type YamlReading } from '../../shared/yaml/yaml-reader.ts';
import type { Calendar } from '../hours.ts';
import { knownZone } from '../hours.ts';
import { calendarData, timeOf } from './clockwork.ts';
import { clearanceRule } from './compile-policy.ts';
import type { Operation, PolicySource } from './policy.ts';
import {
  type HoursFields,
  type NeedFields,
  type PlannedFields,
  type PolicyFields,
  PolicySchema,
  type RuleFields,
} from './policy-schema.ts';
import type { CalendarData, CallCondition, Need, PolicyRules, Rule, Words } from './rules.ts';

/** What other files say and rules name. */
export interface PolicySurroundings {
  /** From least to most. */
  classes: readonly InformationClass[];
  reasons: ReadonlyMap<string, { label: Words; piiClass?: string }>;
  calendars?: ReadonlyMap<string, Calendar>;
  /** Absent: names of queues are not checked. */
  queues?: readonly string[];
}

export type PolicyReading =
  | { ok: true; source: PolicySource; problems: YamlProblem[] }
  | { ok: false; problems: YamlProblem[] };

/** The rules of a text. With an error there are none; a warning leaves them in force. Never throws. */
export function parsePolicy(yaml: string, file: string, around: PolicySurroundings): PolicyReading {
  const owner = (path: YamlPath) => (path[0] === 'rules' && path[1] !== undefined ? `rule "${path[1]}"` : undefined);
  const reading = readYaml(yaml, file, PolicySchema, owner);
  const fields = (reading.value ?? {}) as PolicyFields;
  const rules = new Reader(reading, around).rules(fields);
  const problems = reading.problems.sort(byPlace);
  return problems.some(({ severity }) => severity === 'error')
    ? { ok: false, problems }
    : { ok: true, source: policySource(rules), problems };
}

/** Where no file says anything: whoever is cleared for the class of a call may take it, wherever and whenever. */
export function defaultPolicy(around: Pick<PolicySurroundings, 'classes' | 'reasons'>): PolicySource {
  return policySource({
    classes: around.classes,
    reasons: labelsOf(around.reasons),
    ...{ timeZone: 'Asia/Tokyo', handedOver: null, rules: [], calendars: {} },
    operation: { usual: 'normal', schedule: [] },
  });
}

function policySource(rules: PolicyRules): PolicySource {
  // As it arrives at another node.
  const plain = JSON.parse(JSON.stringify(rules)) as PolicyRules;
  return { version: createHash('sha256').update(JSON.stringify(plain)).digest('hex').slice(0, 12), rules: plain };
}

const labelsOf = (reasons: PolicySurroundings['reasons']): Record<string, Words> =>
  Object.fromEntries([...reasons].map(([id, { label }]) => [id, label]));

class Reader {
  readonly #reading: YamlReading;
  readonly #around: PolicySurroundings;
  readonly #used = new Map<string, CalendarData>();

  constructor(reading: YamlReading, around: PolicySurroundings) {
    this.#reading = reading;
    this.#around = around;
  }

  rules(fields: PolicyFields): PolicyRules {
    let timeZone = fields['time-zone'] ?? 'Asia/Tokyo';
    if (!knownZone(timeZone)) {
      this.#wrong(['time-zone'], `there is no time zone "${timeZone}"; write it as Asia/Tokyo`);
      timeZone = 'Asia/Tokyo';
    }
    const rules = Object.entries(fields.rules ?? {}).map(([name, rule]) => this.#rule(name, rule));
    const { usual = 'normal', schedule = [] } = fields.operation ?? {};
    return {
      classes: this.#around.classes,
      reasons: labelsOf(this.#around.reasons),
      timeZone,
      handedOver: this.#handedOver(fields['handed-over']),
      rules,
      operation: { usual, schedule: schedule.map((one, at) => this.#planned(one, at, timeZone)) },
      calendars: Object.fromEntries(this.#used),
    };
  }

  #rule(name: string, fields: RuleFields): Rule {
    const path = ['rules', name];
    if (name === clearanceRule)
      this.#wrong(path, `"${name}" is the name of the rule that is always there; choose another`, 'key');
    const ways = fields['one-of'] ?? [];
    const both = fields.needs !== undefined && fields['one-of'] !== undefined;
    if (both) this.#wrong([...path, 'one-of'], '"needs" and "one-of" are both there; write one of the two', 'key');
    // A needs that could not be read is a mistake already.
    const written = this.#reading.keysAt(path);
    if (!written.includes('needs') && !written.includes('one-of'))
      this.#wrong(path, 'a rule says what a person "needs", or "one-of" several ways', 'key');
    const needs = fields.needs
      ? [this.#need(fields.needs, [...path, 'needs'])]
      : ways.map((way, at) => this.#need(way, [...path, 'one-of', String(at)]));
    if (fields['one-of']?.length === 0) this.#wrong([...path, 'one-of'], '"one-of" names no way at all');
    return {
      name,
      says: fields.says ?? null,
      calls: this.#calls(fields.calls ?? {}, [...path, 'calls']),
      operations: fields.operation === undefined ? null : listOf<Operation>(fields.operation),
      hours: this.#hours(fields, path),
      oneOf: needs,
    };
  }

  #calls(fields: NonNullable<RuleFields['calls']>, path: YamlPath): CallCondition {
    const { class: classes, reason, queue, direction, step, verified } = fields;
    const least = fields['class-at-least'];
    const { reasons, queues } = this.#around;
    if (classes !== undefined && least !== undefined)
      this.#wrong(
        [...path, 'class-at-least'],
        '"class" and "class-at-least" are both there; write one of the two',
        'key',
      );
    this.#names([...path, 'class'], listOf(classes), this.#classIds(), 'class of personal information');
    this.#names([...path, 'class-at-least'], listOf(least), this.#classIds(), 'class of personal information');
    this.#names([...path, 'reason'], listOf(reason), [...reasons.keys()], 'reason');
    if (queues) this.#names([...path, 'queue'], listOf(queue), queues, 'queue');
    return {
      ...(classes !== undefined && { classes: listOf(classes) }),
      ...(least !== undefined && { classAtLeast: least }),
      ...(reason !== undefined && { reasons: listOf(reason) }),
      ...(queue !== undefined && { queues: listOf(queue) }),
      ...(direction !== undefined && { directions: [direction] }),
      ...(step !== undefined && { steps: listOf(step) }),
      ...(verified !== undefined && { verified }),
    };
  }

  #need(fields: NeedFields, path: YamlPath): Need {
    const { place, employment, trainings, pledge, device, clearance } = fields;
    const years = fields['years-of-service'];
    const check = fields['connection-check'];
    this.#names([...path, 'clearance'], listOf(clearance), this.#classIds(), 'class of personal information');
    return {
      ...(place !== undefined && { places: listOf(place) }),
      ...(employment !== undefined && { employment: listOf(employment) }),
      ...(years !== undefined && { yearsOfService: years }),
      ...(trainings !== undefined && { trainings: listOf(trainings).map(trainingOf) }),
      ...(pledge !== undefined && {
        pledge: pledge === 'signed' ? {} : { version: pledge.version, ...within(pledge['within-days']) },
      }),
      ...(device !== undefined && { devices: listOf(device) }),
      ...(check !== undefined && {
        connectionCheck: check === 'passed' ? {} : { withinHours: check['within-hours'] },
      }),
      ...(clearance !== undefined && { clearance }),
    };
  }

  #handedOver(fields: PolicyFields['handed-over']): PolicyRules['handedOver'] {
    if (!fields) return null;
    const path = ['handed-over'];
    const ids = this.#classIds();
    for (const [from, to] of Object.entries(fields.leaves ?? {})) {
      this.#names([...path, 'leaves', from], [from], ids, 'class of personal information', 'key');
      this.#names([...path, 'leaves', from], [to], ids, 'class of personal information');
      if (ids.includes(from) && ids.indexOf(to) > ids.indexOf(from))
        this.#wrong([...path, 'leaves', from], `"${to}" is more than "${from}": what is left of a call cannot be more`);
    }
    const { verified = 'any' } = fields;
    return { verified: verified === 'any' ? [] : listOf(verified), classes: fields.leaves ?? {} };
  }

  #planned(fields: PlannedFields, at: number, timeZone: string): PolicyRules['operation']['schedule'][number] {
    const path = ['operation', 'schedule', String(at)];
    const { operation, from, to } = fields;
    const hours = this.#hours(fields, path);
    if (from === undefined && to === undefined && !hours && !this.#reading.brokenAt(path))
      this.#wrong(path, 'say when: "from" and "to", or "while-open" with the name of a calendar');
    const [fromMs, toMs] = [from, to].map((local, index) =>
      this.#time(local, [...path, index ? 'to' : 'from'], timeZone),
    );
    if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs)
      this.#wrong([...path, 'to'], `"to" is not after "from"`);
    return {
      operation,
      ...(fromMs !== undefined && { from: fromMs }),
      ...(toMs !== undefined && { to: toMs }),
      ...(hours && { hours }),
    };
  }

  #time(local: string | undefined, path: YamlPath, timeZone: string): number | undefined {
    if (local === undefined) return undefined;
    const at = timeOf(local, timeZone);
    // 31 February is read as a day of March elsewhere.
    if (Number.isFinite(at) && new Date(`${local.slice(0, 10)}T00:00:00Z`).toISOString().startsWith(local.slice(0, 10)))
      return at;
    this.#wrong(path, `there is no such day: "${local}"`);
    return undefined;
  }

  #hours(fields: HoursFields, path: YamlPath): Rule['hours'] {
    const [open, closed] = [fields['while-open'], fields['while-closed']];
    if (open !== undefined && closed !== undefined)
      this.#wrong(
        [...path, 'while-closed'],
        '"while-open" and "while-closed" are both there; write one of the two',
        'key',
      );
    const calendar = open ?? closed;
    if (calendar === undefined) return null;
    const known = this.#around.calendars?.get(calendar);
    if (known) this.#used.set(calendar, calendarData(known));
    else {
      const key = open === undefined ? 'while-closed' : 'while-open';
      this.#names([...path, key], [calendar], [...(this.#around.calendars?.keys() ?? [])], 'calendar');
    }
    return { calendar, open: open !== undefined };
  }

  #classIds(): string[] {
    return this.#around.classes.map(({ id }) => id);
  }

  #names(path: YamlPath, names: readonly string[], known: readonly string[], what: string, where?: 'key'): void {
    for (const name of names) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      const hint = near ? `did you mean "${near}"?` : `there ${known.length ? `are ${known.join(', ')}` : 'is none'}`;
      this.#wrong(path, `there is no ${what} "${name}"; ${hint}`, where);
    }
  }

  #wrong(path: YamlPath, message: string, where?: 'key' | 'value'): void {
    this.#reading.report('error', path, message, where);
  }
}

function listOf<T>(value: T | readonly T[] | undefined): T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? [...value] : [value as T];
}

const trainingOf = (one: string | { training: string; 'within-days'?: number }) =>
  typeof one === 'string' ? { training: one } : { training: one.training, ...within(one['within-days']) };

const within = (withinDays: number | undefined) => (withinDays === undefined ? {} : { withinDays });
