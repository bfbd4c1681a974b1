import { test } from 'tap';
import { isOpen, parseCalendars } from './hours.ts';

const yaml = `calendars:
  office:
    days:
      mon-fri: [09:00-12:00, 13:00-18:00]
      sat: 09:00-12:00
    national-holidays: closed
    closed: [12-29, 2026-11-20]
    other-hours: { 2026-11-22: 10:00-11:00, 12-28: closed }
  night: { days: { fri-mon: 22:00-02:00 } }
  always: { days: { mon-sun: 00:00-24:00 } }
  berlin: { days: { mon-fri: 09:00-18:00 }, time-zone: Europe/Berlin }
`;
const { calendars, problems } = parseCalendars(yaml, 'c.yaml');
const open = (calendar: string, time: string) => isOpen(calendars.get(calendar)!, Date.parse(time));

test('hours hold in the calendar’s time zone, from the first minute to before the last', async (t) => {
  t.same(problems, []);
  // 2026-11-16 is a Monday.
  const table: [string, string, boolean][] = [
    ['office', '2026-11-16T08:59:59+09:00', false],
    ['office', '2026-11-16T09:00:00+09:00', true],
    ['office', '2026-11-16T11:59:59+09:00', true],
    ['office', '2026-11-16T12:00:00+09:00', false],
    ['office', '2026-11-16T13:00:00+09:00', true],
    ['office', '2026-11-16T18:00:00+09:00', false],
    ['office', '2026-11-16T00:30:00Z', true],
    ['office', '2026-11-21T10:00:00+09:00', true],
    ['office', '2026-11-21T13:00:00+09:00', false],
    ['office', '2026-11-15T10:00:00+09:00', false],
    ['berlin', '2026-07-01T07:00:00Z', true],
    ['berlin', '2026-12-01T07:30:00Z', false],
  ];
  for (const [calendar, time, expected] of table) t.equal(open(calendar, time), expected, `${calendar} ${time}`);
});

test('closed dates, dates with hours of their own and national holidays change a day', async (t) => {
  t.equal(open('office', '2026-11-20T10:00:00+09:00'), false, 'closed on this date');
  t.equal(open('office', '2027-11-19T10:00:00+09:00'), true, 'and not on the same Friday a year later');
  t.equal(open('office', '2026-12-29T10:00:00+09:00'), false, 'closed every year');
  t.equal(open('office', '2026-12-28T10:00:00+09:00'), false, 'other hours may be none');
  t.equal(open('office', '2026-11-22T10:30:00+09:00'), true, 'a Sunday with hours of its own');
  t.equal(open('office', '2026-11-23T10:00:00+09:00'), false, 'Labour Thanksgiving Day, a Monday');
  t.equal(open('always', '2026-11-23T10:00:00+09:00'), true, 'unless told, a holiday is a day as any other');
});

test('a span past midnight belongs to the day it began on', async (t) => {
  t.equal(open('night', '2026-11-20T23:00:00+09:00'), true, 'Friday late');
  t.equal(open('night', '2026-11-21T01:59:00+09:00'), true, 'Saturday early');
  t.equal(open('night', '2026-11-21T02:00:00+09:00'), false);
  t.equal(open('night', '2026-11-24T01:00:00+09:00'), true, 'Tuesday early, begun on Monday');
  t.equal(open('night', '2026-11-24T23:00:00+09:00'), false, 'Tuesday late');
  t.equal(open('always', '2026-11-16T00:00:00+09:00'), true);
  t.equal(open('always', '2026-11-16T23:59:59+09:00'), true);
});

test('mistakes are told with line and column, and such a calendar is left out', async (t) => {
  const broken = parseCalendars(
    `calendars:
  a: { days: { mun: 09:00-18:00 } }
  b: { days: { mon: 9-18 } }
  c: { days: { mon: 09:00-18:00 }, time-zone: Asia/Tokio }
  d: { days: { mon: 09:00-18:00 }, closed: [29-12] }
  good: { days: { mon: 9:00-18:00 } }
`,
    'c.yaml',
  );
  t.same([...broken.calendars.keys()], ['good']);
  t.same(
    broken.problems.map((one) => `${one.line}:${one.column} ${one.message}`),
    [
      '2:16 calendar "a": "mun" is not a day or days, such as mon or mon-fri',
      '3:21 calendar "b": "mon" must be a time span such as 09:00-18:00, not "9-18"',
      '4:47 calendar "c": there is no time zone "Asia/Tokio"; write it as Asia/Tokyo',
      '5:45 calendar "d": "0" must be a date such as 2026-12-29, or 12-29 for every year, not "29-12"',
    ],
  );
});
