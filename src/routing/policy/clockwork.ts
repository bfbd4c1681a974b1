// Times in rules: whether a calendar is open, until when that answer holds, and how dates of the file become times.
// Pure. Answers for the same minute are kept, since every offer asks.

import { type Calendar, isOpen, localTime } from '../hours.ts';
import type { CalendarData } from './rules.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

export interface Clockwork {
  /** Whether `hours` holds at this time, and until when nobody needs to ask again. An unknown calendar is closed. */
  holds(hours: { calendar: string; open: boolean }, atMs: number): { holds: boolean; untilMs: number };
}

export function createClockwork(calendars: Readonly<Record<string, CalendarData>>): Clockwork {
  const made = new Map(Object.entries(calendars).map(([id, data]) => [id, { calendar: calendarOf(id, data) }]));
  const kept = new Map<string, { minute: number; open: boolean; untilMs: number }>();
  return {
    holds({ calendar: name, open }, atMs) {
      const calendar = made.get(name)?.calendar;
      if (!calendar) return { holds: !open, untilMs: Number.POSITIVE_INFINITY };
      const minute = Math.floor(atMs / minuteMs);
      let known = kept.get(name);
      if (known?.minute !== minute) {
        known = { minute, open: isOpen(calendar, atMs), untilMs: nextTurn(calendar, atMs) };
        kept.set(name, known);
      }
      return { holds: known.open === open, untilMs: known.untilMs };
    },
  };
}

export function calendarData(calendar: Calendar): CalendarData {
  return {
    timeZone: calendar.timeZone,
    weekly: calendar.weekly,
    closedDates: [...calendar.closedDates],
    otherHours: [...calendar.otherHours],
    closedOnNationalHolidays: calendar.closedOnNationalHolidays,
  };
}

function calendarOf(id: string, data: CalendarData): Calendar {
  return {
    ...data,
    id,
    weekly: data.weekly as Calendar['weekly'],
    closedDates: new Set(data.closedDates),
    otherHours: new Map(data.otherHours),
  };
}

/** The next time of day at which this calendar may turn, on whatever day: never too late. */
function nextTurn(calendar: Calendar, atMs: number): number {
  const spans = [...Object.values(calendar.weekly), ...calendar.otherHours.values()].flat();
  const minutes = [0, ...spans.flatMap(({ from, to }) => [from % 1440, to % 1440])];
  const now = localTime(calendar.timeZone, atMs).minute;
  const ahead = Math.min(...minutes.map((minute) => (minute - now + 1440) % 1440 || 1440));
  const turn = (Math.floor(atMs / minuteMs) + ahead) * minuteMs;
  // Clocks are put forward or back before then: asked again every quarter of an hour.
  const shifted = (localTime(calendar.timeZone, turn).minute - now - ahead) % 1440 !== 0;
  return shifted ? Math.min(turn, (Math.floor(atMs / (15 * minuteMs)) + 1) * 15 * minuteMs) : turn;
}

/** The time that this is in a zone. `local` as 2026-09-10 18:00, or a date alone for its midnight. */
export function timeOf(local: string, timeZone: string): number {
  const [date, time = '00:00'] = local.split(' ');
  const asUtc = Date.parse(`${date}T${time.padStart(5, '0')}:00Z`);
  const shift = (at: number) => {
    const { date: day, minute } = localTime(timeZone, at);
    return Date.parse(`${day}T00:00:00Z`) + minute * minuteMs - Math.floor(at / minuteMs) * minuteMs;
  };
  return asUtc - shift(asUtc - shift(asUtc));
}

/** The same time of day `years` (may be a fraction, counted in months) later, in this zone. 29 February becomes 1 March. */
export function yearsAfter(fromMs: number, years: number, timeZone: string): number {
  const key = `${fromMs} ${years} ${timeZone}`;
  const known = anniversaries.get(key);
  if (known !== undefined) return known;
  if (anniversaries.size >= anniversariesKept) anniversaries.clear();
  const later = findYearsAfter(fromMs, years, timeZone);
  anniversaries.set(key, later);
  return later;
}

/** Asked for at every decision, and slow to find: kept. */
const anniversaries = new Map<string, number>();
const anniversariesKept = 100_000;

function findYearsAfter(fromMs: number, years: number, timeZone: string): number {
  const { date, minute } = localTime(timeZone, fromMs);
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const months = month - 1 + Math.round(years * 12);
  const first = new Date(Date.UTC(year, months, 1));
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const later = new Date(first.getTime() + (day > length ? length : day - 1) * dayMs).toISOString().slice(0, 10);
  const time = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return timeOf(`${later} ${time}`, timeZone);
}

const mostKept = 50_000;

/** yearsAfter in one zone. Calendars are slow to ask and people are asked about again and again, so answers are kept. */
export function keptAnniversaries(timeZone: string): (fromMs: number, years: number) => number {
  const kept = new Map<string, number>();
  return (fromMs, years) => {
    const key = `${fromMs} ${years}`;
    let at = kept.get(key);
    if (at === undefined) {
      if (kept.size >= mostKept) kept.clear();
      at = yearsAfter(fromMs, years, timeZone);
      kept.set(key, at);
    }
    return at;
  };
}
