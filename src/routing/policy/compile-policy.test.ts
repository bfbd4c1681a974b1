import { test } from 'tap';
import { parseCalendars } from '../hours.ts';
import { compilePolicy } from './compile-policy.ts';
import { defaultPolicy, parsePolicy } from './load-policy.ts';
import type { CallFacts, Operation, PersonFacts } from './policy.ts';

const around = {
  classes: [
    { id: 'none', label: { ja: '個人情報なし', en: 'no personal information' } },
    { id: 'personal', label: { ja: '個人情報', en: 'personal information' } },
    { id: 'sensitive', label: { ja: '機微情報', en: 'sensitive information' } },
  ],
  reasons: new Map([['contract-change', { label: { ja: '契約変更', en: 'contract change' } }]]),
  calendars: parseCalendars(
    'calendars: { days: { days: { mon-fri: 09:00-18:00 }, national-holidays: closed } }',
    'c.yaml',
  ).calendars,
};

function policyOf(yaml: string) {
  const reading = parsePolicy(yaml, 'policy.yaml', around);
  if (!reading.ok) throw new Error(reading.problems.map(({ message }) => message).join('\n'));
  return compilePolicy(reading.source);
}

const now = Date.parse('2026-11-24T03:00Z'); // Tuesday noon in Tokyo
const day = 86_400_000;
const contract: CallFacts = { direction: 'inbound', reason: 'contract-change', piiClass: 'personal' };
const atHome: PersonFacts = { clearance: 'sensitive', place: 'home' };
const inCentre: PersonFacts = { clearance: 'sensitive', place: 'centre' };

test('without rules of the company, a class is taken within the own clearance, and what is not known is the strictest', async (t) => {
  const policy = compilePolicy(defaultPolicy(around));
  const may = (clearance: string, piiClass?: string) =>
    policy.decide({ clearance, place: 'unknown' }, { direction: 'inbound', piiClass }, 'normal', now).allowed;
  t.ok(may('none', 'none'));
  t.notOk(may('none', 'personal'));
  t.ok(may('personal', 'personal'));
  t.notOk(may('personal', undefined), 'no reason is known');
  t.ok(may('sensitive', undefined));
  t.notOk(may('personal', 'a class of yesterday'));
  t.notOk(may('a clearance of yesterday', 'personal'));
  t.same(policy.decide(atHome, contract, 'normal', now), { allowed: true, rule: 'clearance' });
});

test('a refusal names the reason for the call and the fact that is lacking, in two languages', async (t) => {
  const policy = policyOf('rules: { in-the-centre: { calls: { class: personal }, needs: { place: centre } } }');
  t.same(policy.decide(atHome, contract, 'normal', now), {
    allowed: false,
    rule: 'in-the-centre',
    because: {
      code: 'place',
      ja: '割り当て不可：「契約変更」は個人情報に触れます。本日は在宅勤務です',
      en: 'not offered: “contract change” touches personal information; at home today',
    },
  });
  t.same(policy.decide(inCentre, contract, 'normal', now), { allowed: true, rule: 'in-the-centre' });
  t.match(policy.decide({ clearance: 'none', place: 'centre' }, contract, 'normal', now), {
    rule: 'clearance',
    because: {
      en: 'not offered: “contract change” touches personal information; cleared up to “no personal information” only',
    },
  });
  t.match(policy.decide({ ...atHome, place: 'unknown' }, contract, 'normal', now), {
    because: { en: /; the place of work today is not known$/ },
  });
  t.match(policy.decide({ clearance: 'none', place: 'centre' }, { direction: 'inbound' }, 'normal', now), {
    because: { en: /^not offered: the reason for the call is not known; cleared/, ja: /用件が分からない通話です/ },
  });
});

const typhoon = `
rules:
  personal-in-the-centre:
    calls: { class-at-least: personal }
    operation: [normal, partly-home]
    needs: { place: centre }
  personal-at-home:
    calls: { class-at-least: personal }
    operation: all-home
    one-of:
      - place: centre
      - { place: home, trainings: privacy, device: managed }
`;

test('the mode of operation changes who may take what, and back', async (t) => {
  const policy = policyOf(typhoon);
  const cleared: PersonFacts = { ...atHome, trainings: { privacy: now - day }, device: 'managed' };
  const may = (operation: Operation) => policy.decide(cleared, contract, operation, now).allowed;
  t.same([may('normal'), may('partly-home'), may('all-home'), may('normal')], [false, false, true, false]);
});

test('of several ways the nearest is told: that for the place where the person is', async (t) => {
  const policy = policyOf(typhoon);
  const because = (person: PersonFacts) => {
    const decision = policy.decide(person, contract, 'all-home', now);
    return decision.allowed ? '' : decision.because.en.split('; ')[1];
  };
  t.equal(because(atHome), 'training “privacy” not passed, the device is not known');
  t.equal(because({ ...atHome, trainings: { privacy: now } }), 'the device is not known');
  t.equal(because({ ...atHome, place: 'unknown' }), 'the place of work today is not known');
});

test('each fact that is not known, too old, or another one is lacking', async (t) => {
  const rule = (needs: string) => policyOf(`rules: { r: { needs: ${needs} } }`);
  const told = (needs: string, facts: Partial<PersonFacts>) => {
    const decision = rule(needs).decide({ ...inCentre, ...facts }, contract, 'normal', now);
    return decision.allowed ? 'allowed' : `${decision.because.code}: ${decision.because.en.split('; ')[1]}`;
  };
  t.equal(told('{ employment: regular }', {}), 'employment: the kind of employment is not known');
  t.equal(told('{ employment: regular }', { employment: 'outsourced' }), 'employment: outsourced');
  t.equal(told('{ employment: [regular, temporary] }', { employment: 'temporary' }), 'allowed');
  t.equal(told('{ years-of-service: 3 }', {}), 'years-of-service: the beginning of employment is not known');
  const almost = Date.parse('2023-11-24T15:00Z');
  t.equal(told('{ years-of-service: 3 }', { employedSince: almost }), 'years-of-service: less than 3 years of service');
  t.equal(told('{ years-of-service: 3 }', { employedSince: almost - day }), 'allowed');
  t.equal(told('{ trainings: a }', { trainings: { b: now } }), 'training: training “a” not passed');
  t.equal(told('{ trainings: constructor }', { trainings: {} }), 'training: training “constructor” not passed');
  t.equal(told('{ trainings: a }', { trainings: { a: now + day } }), 'training: training “a” not passed');
  const recent = '{ trainings: [{ training: a, within-days: 30 }] }';
  t.equal(told(recent, { trainings: { a: now - 30 * day } }), 'allowed');
  t.equal(
    told(recent, { trainings: { a: now - 30 * day - 1 } }),
    'training: training “a” passed more than 30 days ago',
  );
  t.equal(told('{ pledge: signed }', {}), 'pledge: no pledge signed');
  const pledge = { version: '1', signedAt: now - 2 * day };
  t.equal(told('{ pledge: { version: "2" } }', { pledge }), 'pledge: the pledge signed is not version 2');
  t.equal(
    told('{ pledge: { version: "1", within-days: 1 } }', { pledge }),
    'pledge: the pledge was signed more than 1 day ago',
  );
  t.equal(told('{ pledge: { version: "1", within-days: 2 } }', { pledge }), 'allowed');
  t.equal(told('{ device: managed }', {}), 'device: the device is not known');
  t.equal(told('{ device: managed }', { device: 'revoked' }), 'device: the device is revoked');
  t.equal(told('{ device: [managed, enrolled] }', { device: 'enrolled' }), 'allowed');
  t.equal(told('{ connection-check: passed }', {}), 'connection-check: no connection check made');
  const check = (passed: boolean) => ({ connectionCheck: { passed, at: now - 3_600_000 } });
  t.equal(told('{ connection-check: passed }', check(false)), 'connection-check: the connection check was not passed');
  t.equal(told('{ connection-check: passed }', check(true)), 'allowed');
  t.match(told('{ connection-check: { within-hours: 0.5 } }', check(true)), /made more than 0.5 hours ago/);
});

test('a rule is about the calls that it names, and about those of which that is not known', async (t) => {
  const about = (calls: string, call: CallFacts) => {
    const policy = policyOf(`rules: { r: { calls: ${calls}, needs: { place: home } } }`);
    return !policy.decide(inCentre, call, 'normal', now).allowed;
  };
  const inbound = { direction: 'inbound' } as const;
  t.notOk(about('{ reason: contract-change }', { ...inbound, reason: 'other' }));
  t.ok(about('{ reason: contract-change }', inbound));
  t.notOk(about('{ queue: contracts }', { ...inbound, queue: 'general' }));
  t.ok(about('{ queue: contracts }', inbound));
  t.notOk(about('{ queue: contracts }', { direction: 'outbound' }), 'no queue is meant');
  t.notOk(about('{ direction: outbound }', inbound));
  t.notOk(about('{ step: handed-over }', inbound));
  t.ok(about('{ step: whole }', inbound));
  t.notOk(about('{ verified: true }', inbound));
  t.ok(about('{ verified: false }', inbound));
  t.ok(about('{ verified: [code] }', { ...inbound, verified: ['code'] }));
  t.notOk(about('{ verified: [code] }', { ...inbound, verified: ['birth'] }));
  t.ok(about('{ class: sensitive }', inbound), 'no class is known');
  t.notOk(about('{ class: sensitive }', contract));
  t.ok(about('{ class-at-least: personal }', contract));
});

test('what is left of a call that was handed over is of the class that the company says, if the customer was verified', async (t) => {
  const policy = policyOf('handed-over: { verified: [code], leaves: { personal: none } }\nrules: {}');
  const person: PersonFacts = { clearance: 'none', place: 'home' };
  const may = (call: Partial<CallFacts>) => policy.decide(person, { ...contract, ...call }, 'normal', now).allowed;
  t.ok(may({ step: 'handed-over', verified: ['code'] }));
  t.notOk(may({ step: 'handed-over', verified: ['birth'] }));
  t.notOk(may({ step: 'handed-over' }));
  t.notOk(may({ step: 'whole', verified: ['code'] }));
  t.notOk(may({ step: 'handed-over', verified: ['code'], piiClass: 'sensitive' }));
  t.notOk(may({ step: 'handed-over', verified: ['code'], piiClass: undefined }));
});

test('a rule can hold while a calendar is open, holidays and all', async (t) => {
  const policy = policyOf('rules: { r: { while-open: days, needs: { place: home } } }');
  const may = (at: string) => policy.decide(inCentre, contract, 'normal', Date.parse(at)).allowed;
  t.notOk(may('2026-11-24T00:00Z'));
  t.ok(may('2026-11-23T23:59Z'));
  t.ok(may('2026-11-24T09:00Z'));
  t.ok(may('2026-11-23T03:00Z'), 'Labour Thanksgiving Day');
  t.equal(policy.standing(inCentre, 'normal', now).untilMs, Date.parse('2026-11-24T09:00Z'));
});

test('the schedule says the mode, the first that holds, and when to look again', async (t) => {
  const policy = policyOf(`
operation:
  schedule:
    - { operation: all-home, from: 2026-11-24 18:00, to: 2026-11-25 09:00 }
    - { operation: partly-home, while-open: days }
rules: {}`);
  const at = (time: string) => policy.plannedOperation(Date.parse(time)).operation;
  t.equal(at('2026-11-24T03:00Z'), 'partly-home');
  t.equal(at('2026-11-24T09:00Z'), 'all-home');
  t.equal(at('2026-11-25T00:00Z'), 'partly-home');
  t.equal(at('2026-11-25T09:00Z'), 'normal');
  t.equal(policy.plannedOperation(now).untilMs, Date.parse('2026-11-24T09:00Z'));
});

test('explaining tells every rule: whether it is about the call, holds now, and what is lacking', async (t) => {
  const policy = policyOf(`${typhoon}  outbound: { calls: { direction: outbound }, needs: { pledge: signed } }\n`);
  t.same(
    policy.explain(atHome, contract, 'normal', now).map(({ rule, outcome, lacks }) => [rule, outcome, lacks.length]),
    [
      ['clearance', 'fulfilled', 0],
      ['personal-in-the-centre', 'lacking', 1],
      ['personal-at-home', 'not-now', 0],
      ['outbound', 'not-about', 0],
    ],
  );
});

test('rules that cannot be used forbid everything', async (t) => {
  for (const rules of [null, {}, 'x', { classes: [], rules: [] }]) {
    const decision = compilePolicy({ version: '', rules }).decide(inCentre, contract, 'normal', now);
    t.match(decision, { allowed: false, rule: null, because: { code: 'no-policy' } });
  }
});

test('what devices or working from home keep away is not offered, whatever the rules allow, and the sentence says why', async (t) => {
  const policy = compilePolicy(defaultPolicy(around));
  const words = { ja: '端末が登録されていません', en: 'the device is not enrolled' };
  const person = { ...inCentre, keptAway: [{ rule: 'device:own', classAtLeast: 'personal', words }] };
  t.same(policy.decide(person, contract, 'normal', now), {
    allowed: false,
    rule: 'device:own',
    because: {
      code: 'kept-away',
      ja: '割り当て不可：「契約変更」は個人情報に触れます。端末が登録されていません',
      en: 'not offered: “contract change” touches personal information; the device is not enrolled',
    },
  });
  t.ok(policy.decide(person, { ...contract, piiClass: 'none' }, 'normal', now).allowed, 'a lower class goes on');
  const all = { ...inCentre, keptAway: [{ rule: 'home-work', classAtLeast: null, words }] };
  t.notOk(policy.decide(all, { direction: 'inbound', piiClass: 'none' }, 'normal', now).allowed);
  t.match(policy.explain(person, contract, 'normal', now), [
    { rule: 'clearance', outcome: 'fulfilled' },
    { rule: 'device:own', outcome: 'lacking', lacks: [{ code: 'kept-away' }] },
  ]);
  t.not(policy.standing(person, 'normal', now).key, policy.standing(inCentre, 'normal', now).key);
});
