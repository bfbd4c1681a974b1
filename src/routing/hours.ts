// Opening hours: weekly times in a time zone, closed dates, days with other times, Japanese national holidays.
// Pure: a time in, open or closed out. The zone's rules come from Intl, the holidays from @holiday-jp/holiday_jp.

import holidays from '@holiday-jp/holiday_jp';
import { Type } from 'typebox';
import { byPlace, readYaml, type YamlReading } from '../shared/yaml/yaml-reader.ts';
import type { FlowProblem } from './flow/flow.ts';

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof weekdays)[number];

/** Minutes since midnight; `to` may lie beyond 24 hours for a span that ends on the next day. */
export interface Span {
  from: number;
  to: number;
}

export interface Calendar {
  id: string;
  timeZone: string;
  weekly: Record<Weekday, readonly Span[]>;
  /** Closed all day: `2026-12-29`, or `12-29` for every year. */
  closedDates: ReadonlySet<string>;
  /** These dates have times of their own, whatever else holds for them. */
  otherHours: ReadonlyMap<string, readonly Span[]>;
  closedOnNationalHolidays: boolean;
}

const minutesPerDay = 24 * 60;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Calendars that are closed by hand for a while, whatever their times say: a typhoon, a fire drill. */
export interface Closures {
  closedByHand(calendar: string, nowMs: number): boolean;
}

/** `closure`: by hand. `holiday`: a national holiday that this calendar keeps. */
export type Opening = 'open' | 'closed' | 'holiday' | 'closure';

export function isOpen(calendar: Calendar, nowMs: number, closures?: Closures): boolean {
  return openingAt(calendar, nowMs, closures) === 'open';
}

export function openingAt(calendar: Calendar, nowMs: number, closures?: Closures): Opening {
  if (closures?.closedByHand(calendar.id, nowMs)) return 'closure';
  const { date, minute } = localTime(calendar.timeZone, nowMs);
  const today = spansOn(calendar, date).some((span) => minute >= span.from && minute < span.to);
  // A span of yesterday may reach past midnight.
  const late = minute + minutesPerDay;
  const open = today || spansOn(calendar, dayBefore(date)).some((span) => late >= span.from && late < span.to);
  if (open) return 'open';
  return keptHoliday(calendar, date) ? 'holiday' : 'closed';
}

/** `date` as 2026-01-31. */
function spansOn(calendar: Calendar, date: string): readonly Span[] {
  const other = otherHoursOn(calendar, date);
  if (other) return other;
  if (isClosedDate(calendar, date) || keptHoliday(calendar, date)) return [];
  return calendar.weekly[weekdays[new Date(`${date}T00:00:00Z`).getUTCDay()]!];
}

const everyYear = (date: string) => date.slice(5);

function otherHoursOn(calendar: Calendar, date: string): readonly Span[] | undefined {
  return calendar.otherHours.get(date) ?? calendar.otherHours.get(everyYear(date));
}

function isClosedDate(calendar: Calendar, date: string): boolean {
  return calendar.closedDates.has(date) || calendar.closedDates.has(everyYear(date));
}

/** A closed date is a closed date although it is a holiday, too; so is a day with other hours. */
function keptHoliday(calendar: Calendar, date: string): boolean {
  if (!calendar.closedOnNationalHolidays || !Object.hasOwn(holidays.holidays, date)) return false;
  return !otherHoursOn(calendar, date) && !isClosedDate(calendar, date);
}

/** The date as 2026-01-31, and minutes since midnight, on the clocks of a time zone. Throws RangeError for a zone that is not known. */
export function localTime(timeZone: string, nowMs: number): { date: string; minute: number } {
  let format = formats.get(timeZone);
  if (!format) {
    const digits = '2-digit' as const;
    const fields = { year: 'numeric', month: digits, day: digits, hour: digits, minute: digits } as const;
    format = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', ...fields });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(nowMs).map((part) => [part.type, part.value]));
  return {
    date: `${parts['year']}-${parts['month']}-${parts['day']}`,
    minute: Number(parts['hour']) * 60 + Number(parts['minute']),
  };
}

function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - minutesPerDay * 60_000).toISOString().slice(0, 10);
}

// --- the file: config/calendars.yaml

const span = Type.String({
  pattern: '^([01]?\\d|2[0-3]):[0-5]\\d-(([01]?\\d|2[0-3]):[0-5]\\d|24:00)$',
  description: 'From and to, such as 09:00-18:00; an end before the beginning is on the next day.',
  'x-says': 'a time span such as 09:00-18:00',
});
const times = Type.Union([Type.Literal('closed'), span, Type.Array(span)], {
  description: 'One span, several, or closed.',
});
const daysPattern = '^(sun|mon|tue|wed|thu|fri|sat)(-(sun|mon|tue|wed|thu|fri|sat))?$';
const datePattern = '^(\\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$';

const CalendarsSchema = Type.Object(
  {
    calendars: Type.Record(
      Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
      Type.Object(
        {
          days: Type.Record(Type.String({ pattern: daysPattern }), times, {
            description: 'Opening hours by day of the week; a day not named is closed.',
            'x-keys': 'a day or days, such as mon or mon-fri',
          }),
          'time-zone': Type.Optional(Type.String({ description: 'Asia/Tokyo unless told.' })),
          closed: Type.Optional(
            Type.Array(
              Type.String({ pattern: datePattern, 'x-says': 'a date such as 2026-12-29, or 12-29 for every year' }),
              {
                description: 'Dates closed all day.',
              },
            ),
          ),
          'other-hours': Type.Optional(
            Type.Record(Type.String({ pattern: datePattern }), times, {
              description: 'Dates with hours of their own; they go before everything else.',
              'x-keys': 'a date such as 2026-12-28, or 12-28 for every year',
            }),
          ),
          'national-holidays': Type.Optional(
            Type.Union([Type.Literal('closed'), Type.Literal('open')], {
              description: 'Japanese national holidays; open (as any other day) unless told.',
            }),
          ),
        },
        { additionalProperties: false, description: 'One calendar.' },
      ),
      { 'x-keys': 'a name in small letters, digits and "-"', description: 'The calendars by name.' },
    ),
  },
  { additionalProperties: false, title: 'Engawa calendars' },
);

type Times = string | string[];
interface CalendarFields {
  days?: Record<string, Times>;
  'time-zone'?: string;
  closed?: string[];
  'other-hours'?: Record<string, Times>;
  'national-holidays'?: 'closed' | 'open';
}

/** The calendars of a file. What is wrong is told in `problems`, and such a calendar is left out. Never throws. */
export function parseCalendars(
  yaml: string,
  file: string,
): { calendars: ReadonlyMap<string, Calendar>; problems: FlowProblem[] } {
  const owner = (path: readonly string[]) => (path[1] === undefined ? undefined : `calendar "${path[1]}"`);
  const reading = readYaml(yaml, file, CalendarsSchema, owner);
  const fields = (reading.value ?? {}) as { calendars?: Record<string, CalendarFields> };
  const calendars = new Map<string, Calendar>();
  for (const [id, calendar] of Object.entries(fields.calendars ?? {})) {
    const before = reading.problems.length;
    const made = calendarFrom(id, calendar, reading);
    const broken = reading.brokenAt(['calendars', id]) || reading.problems.length > before;
    if (!broken) calendars.set(id, made);
  }
  return { calendars, problems: reading.problems.sort(byPlace) };
}

function calendarFrom(id: string, fields: CalendarFields, reading: YamlReading): Calendar {
  const path = ['calendars', id];
  const timeZone = fields['time-zone'] ?? 'Asia/Tokyo';
  if (!knownZone(timeZone)) {
    reading.report('error', [...path, 'time-zone'], `there is no time zone "${timeZone}"; write it as Asia/Tokyo`);
  }
  const weekly: Record<Weekday, Span[]> = { sun: [], mon: [], tue: [], wed: [], thu: [], fri: [], sat: [] };
  for (const [days, value] of Object.entries(fields.days ?? {})) {
    for (const day of daysOf(days)) weekly[day].push(...spansOf(value));
  }
  return {
    id,
    timeZone,
    weekly,
    closedDates: new Set(fields.closed ?? []),
    otherHours: new Map(Object.entries(fields['other-hours'] ?? {}).map(([date, value]) => [date, spansOf(value)])),
    closedOnNationalHolidays: fields['national-holidays'] === 'closed',
  };
}

export function knownZone(timeZone: string): boolean {
  try {
    localTime(timeZone, 0);
    return true;
  } catch {
    // Intl knows no other way to say so.
    return false;
  }
}

/** `fri-mon` goes over the end of the week. */
function daysOf(days: string): Weekday[] {
  const [first, last] = days.split('-') as [Weekday, Weekday | undefined];
  const from = weekdays.indexOf(first);
  const count = last === undefined ? 0 : (weekdays.indexOf(last) - from + 7) % 7;
  return Array.from({ length: count + 1 }, (_, at) => weekdays[(from + at) % 7]!);
}

function spansOf(value: Times): Span[] {
  const texts = typeof value === 'string' ? [value] : value;
  return texts.filter((text) => text !== 'closed').map(spanOf);
}

function spanOf(text: string): Span {
  const [from, to] = text.split('-').map((time) => {
    const [hour, minute] = time.split(':').map(Number);
    return hour! * 60 + minute!;
  }) as [number, number];
  return { from, to: to <= from ? to + minutesPerDay : to };
}
