import { test } from 'tap';
import { parseCalendars } from '../hours.ts';
import { parsePolicy } from './load-policy.ts';
import type { PolicyRules } from './rules.ts';

const label = { ja: '札', en: 'label' };
const around = {
  classes: ['none', 'personal', 'sensitive'].map((id) => ({ id, label })),
  reasons: new Map(['contract-change', 'payment'].map((id) => [id, { label }])),
  calendars: parseCalendars('calendars: { night: { days: { mon-sun: 22:00-06:00 } } }', 'c.yaml').calendars,
  queues: ['general', 'contracts'],
};
const parse = (yaml: string) => parsePolicy(yaml, 'policy.yaml', around);
const mistakes = (yaml: string) =>
  parse(yaml).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

test('everything that a rule can say is read', async (t) => {
  const reading = parse(`
time-zone: Asia/Tokyo
operation:
  usual: partly-home
  schedule:
    - { operation: all-home, from: 2026-09-10 18:00, to: 2026-09-11 }
    - { operation: normal, while-open: night }
handed-over:
  verified: [one-time-code]
  leaves: { personal: none }
rules:
  at-home:
    says: { ja: 自宅では, en: at home }
    calls: { class-at-least: personal, reason: payment, queue: [contracts], direction: inbound, step: whole, verified: false }
    operation: [normal, all-home]
    while-closed: night
    one-of:
      - place: centre
      - place: home
        employment: [regular, temporary]
        years-of-service: 0.5
        trainings: [privacy, { training: cards, within-days: 365 }]
        pledge: { version: "2026-04", within-days: 400 }
        device: managed
        connection-check: { within-hours: 12 }
        clearance: sensitive
  short: { needs: { trainings: privacy, pledge: signed, connection-check: passed } }
`);
  t.same(reading.problems, []);
  if (!reading.ok) return;
  t.match(reading.source.version, /^[0-9a-f]{12}$/);
  const { rules, operation, handedOver, calendars } = reading.source.rules as PolicyRules;
  t.same(operation, {
    usual: 'partly-home',
    schedule: [
      { operation: 'all-home', from: Date.parse('2026-09-10T09:00Z'), to: Date.parse('2026-09-10T15:00Z') },
      { operation: 'normal', hours: { calendar: 'night', open: true } },
    ],
  });
  t.same(handedOver, { verified: ['one-time-code'], classes: { personal: 'none' } });
  t.same(Object.keys(calendars), ['night']);
  t.same(rules, [
    {
      name: 'at-home',
      says: { ja: '自宅では', en: 'at home' },
      calls: {
        classAtLeast: 'personal',
        reasons: ['payment'],
        queues: ['contracts'],
        directions: ['inbound'],
        steps: ['whole'],
        verified: false,
      },
      operations: ['normal', 'all-home'],
      hours: { calendar: 'night', open: false },
      oneOf: [
        { places: ['centre'] },
        {
          places: ['home'],
          employment: ['regular', 'temporary'],
          yearsOfService: 0.5,
          trainings: [{ training: 'privacy' }, { training: 'cards', withinDays: 365 }],
          pledge: { version: '2026-04', withinDays: 400 },
          devices: ['managed'],
          connectionCheck: { withinHours: 12 },
          clearance: 'sensitive',
        },
      ],
    },
    {
      name: 'short',
      says: null,
      calls: {},
      operations: null,
      hours: null,
      oneOf: [{ trainings: [{ training: 'privacy' }], pledge: {}, connectionCheck: {} }],
    },
  ]);
});

test('each mistake is told with line, column and a sentence, and a file with one is not used', async (t) => {
  const file = `rules:
  contracts:
    calls: { class: persnal, reason: contract-chnge, queue: contract }
    operation: normol
    needs: { place: center }
  both:
    needs: { place: home }
    one-of: [{ place: centre }]
  nothing:
    calls: { class: personal, class-at-least: personal }
  nobody: { one-of: [] }
  clearance: { needs: { device: unknown } }
  typo: { need: { place: home } }
  night: { while-open: nights, needs: { years-of-service: -1 } }
operation:
  schedule:
    - { operation: all-home }
    - { operation: all-home, from: 2026-02-30, to: 2026-02-01 }
    - { operation: all-home, from: 2026-03-02 18:00, to: 2026-03-02 18:00 }
handed-over: { leaves: { none: personal, top: none } }
`;
  t.notOk(parse(file).ok);
  t.same(mistakes(file), [
    '3:21 rule "contracts": there is no class of personal information "persnal"; did you mean "personal"?',
    '3:38 rule "contracts": there is no reason "contract-chnge"; did you mean "contract-change"?',
    '3:61 rule "contracts": there is no queue "contract"; did you mean "contracts"?',
    '4:16 rule "contracts": "operation" must be normal or partly-home or all-home or a list, not "normol"; did you mean "normal"?',
    '5:21 rule "contracts": "place" must be centre or home or a list, not "center"; did you mean "centre"?',
    '8:5 rule "both": "needs" and "one-of" are both there; write one of the two',
    '9:3 rule "nothing": a rule says what a person "needs", or "one-of" several ways',
    '10:31 rule "nothing": "class" and "class-at-least" are both there; write one of the two',
    '11:21 rule "nobody": "one-of" names no way at all',
    '12:3 rule "clearance": "clearance" is the name of the rule that is always there; choose another',
    '12:33 rule "clearance": "device" must be managed or enrolled or a list, not "unknown"',
    '13:3 rule "typo": a rule says what a person "needs", or "one-of" several ways',
    '13:11 rule "typo": "need" is not known here; did you mean "needs"?',
    '14:24 rule "night": there is no calendar "nights"; did you mean "night"?',
    '14:59 rule "night": "years-of-service" must be a number from 0 to 60, not -1',
    '17:7 say when: "from" and "to", or "while-open" with the name of a calendar',
    '18:36 there is no such day: "2026-02-30"',
    '19:58 "to" is not after "from"',
    '20:32 "personal" is more than "none": what is left of a call cannot be more',
    '20:42 there is no class of personal information "top"; there are none, personal, sensitive',
  ]);
});

test('the version follows what the rules say, not how they are written', async (t) => {
  const version = (yaml: string) => {
    const reading = parse(yaml);
    return reading.ok ? reading.source.version : 'broken';
  };
  const one = version('rules: { a: { needs: { place: centre } } }');
  t.equal(version('# a comment\nrules:\n  a:\n    needs:\n      place: centre\n'), one);
  t.not(version('rules: { a: { needs: { place: home } } }'), one);
});

test('a text that is no YAML, or nothing at all, is a mistake and no policy', async (t) => {
  for (const text of ['', '- a', 'rules: [', '\t', 'rules: 7']) t.notOk(parse(text).ok, JSON.stringify(text));
});
