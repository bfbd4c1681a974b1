import { test } from 'tap';
import type { PersonId, PledgeId, SessionId } from '../../shared/ids.ts';
import type { SignedPledge } from '../../store/pledges.ts';
import type { WorkFacts } from '../../store/records.ts';
import { anniversary, eligibilityOf } from './home-work-rules.ts';
import { parseHomeWork } from './load-home-work.ts';

const file = `from: 2026-10-01
employment: [regular, temporary]
years-of-service: 1
trainings: [privacy, { training: working-from-home, within-days: 730 }]
pledge: { number: 2026-1, ja: pledge.ja.md, en: pledge.en.md, valid-days: 365, remind-days: 30 }
`;
const read = (yaml: string) => parseHomeWork(yaml, 'home-work.yaml', (name) => name.endsWith('.md'));
const problemsOf = (yaml: string) =>
  read(yaml).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

function rulesOf(yaml: string) {
  const reading = read(yaml);
  if (!reading.ok) throw new Error(problemsOf(yaml).join('\n'));
  return reading.rules;
}

const day = 86_400_000;
const now = Date.parse('2026-11-24T03:00Z');
const texts = [
  { language: 'ja' as const, text: '誓います', hash: 'aa' },
  { language: 'en' as const, text: 'I promise', hash: 'bb' },
];
const good: WorkFacts = {
  employment: 'regular',
  employedSince: now - 400 * day,
  trainings: { privacy: now - 900 * day, 'working-from-home': now - 100 * day },
};
const signed = (change: Partial<SignedPledge> = {}): SignedPledge => ({
  ...{ id: 'pl_1' as PledgeId, personId: 'p_1' as PersonId, number: '2026-1', hash: 'bb', language: 'en' },
  ...{ sessionId: 's_1' as SessionId, deviceId: null, signedAt: now - 10 * day, ...change },
});
const of = (facts: WorkFacts, pledges = [signed()]) => eligibilityOf(rulesOf(file), { facts }, pledges, texts, now);
const missing = (facts: WorkFacts, pledges?: SignedPledge[]) => of(facts, pledges).missing.map(({ words }) => words.en);

test('whoever fulfils everything is eligible, until the first of it ends', async (t) => {
  t.match(of(good), {
    eligible: true,
    missing: [],
    pledge: { number: '2026-1', expiresAt: now + 355 * day },
    ends: { at: now + 355 * day, what: 'pledge' },
  });
  const soon = { ...good, trainings: { ...good.trainings, 'working-from-home': now - 720 * day } };
  t.match(of(soon).ends, { at: now + 10 * day, what: 'training' });
});

test('each thing that is missing has its sentence, and what is not known is missing', async (t) => {
  t.same(missing({}, []), [
    'the kind of employment is not known',
    'the beginning of employment is not known',
    'training “privacy” not passed',
    'training “working-from-home” not passed',
    'the pledge for working from home is not signed',
  ]);
  t.same(missing({ ...good, employment: 'outsourced' }), ['people employed in this way do not work from home']);
  t.same(missing({ ...good, employedSince: Date.parse('2026-02-01T00:00+09:00') }), [
    'less than 1 year of service (reached on 2027-02-01)',
  ]);
  t.same(missing({ ...good, trainings: { privacy: now, 'working-from-home': now - 731 * day } }), [
    'training “working-from-home” passed more than 730 days ago',
  ]);
});

test('a pledge counts under its number, in its text, and for its time', async (t) => {
  t.same(missing(good, [signed({ signedAt: now - 365 * day })]), ['the pledge has expired']);
  t.same(missing(good, [signed({ signedAt: now - 365 * day + 1 })]), []);
  const again = ['the pledge is a new one (2026-1) and has to be signed again'];
  t.same(missing(good, [signed({ number: '2025-1' })]), again);
  t.same(missing(good, [signed({ hash: 'cc' })]), again, 'a text that was changed is another one');
  t.same(missing(good, [signed({ hash: 'aa', language: 'ja' })]), []);
});

test('years of service are counted by the calendar', async (t) => {
  t.equal(anniversary('2024-02-29', 1), '2025-02-28');
  t.equal(anniversary('2024-08-31', 0.5), '2025-02-28');
  t.equal(anniversary('2025-11-24', 1), '2026-11-24');
  t.same(missing({ ...good, employedSince: Date.parse('2025-11-24T00:00+09:00') }), []);
  t.not(missing({ ...good, employedSince: Date.parse('2025-11-25T00:00+09:00') }).length, 0);
});

test('it is in force from the first moment of its day there', async (t) => {
  t.equal(rulesOf(file).fromMs, Date.parse('2026-10-01T00:00+09:00'));
  const honolulu = file.replace('from', 'time-zone: Pacific/Honolulu\nfrom');
  t.equal(rulesOf(honolulu).fromMs, Date.parse('2026-10-01T00:00-10:00'));
});

test('every mistake of the file is told with line, column and a sentence', async (t) => {
  t.match(problemsOf(file.replace('2026-10-01', '2026-02-30')), [/^1:7 there is no such day: "2026-02-30"/]);
  t.match(problemsOf(file.replace('pledge.ja.md', 'pledge.txt')), [
    /^5:\d+ pledge: the file "pledge.txt" is not there/,
  ]);
  t.match(problemsOf(file.replace('remind-days: 30', 'remind-days: 365')), [
    /"remind-days" is not less than "valid-days"/,
  ]);
  t.match(problemsOf('from: 2026-10-01\n'), [/nothing is asked for/]);
  t.match(problemsOf('trainings: [privacy]\n'), [/"from" is missing/]);
  t.match(problemsOf('from: 2026-10-01\ntraining: [privacy]\n'), [/did you mean "trainings"\?/]);
  t.match(problemsOf(file.replace('2026-10-01', 'soon')), [/^1:7 "from" must be a date such as 2026-10-01/]);
});
