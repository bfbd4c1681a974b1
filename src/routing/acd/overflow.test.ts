// When a call may not join, and when it may not stay; and what becomes of agents who do not answer.

import { test } from 'tap';
import { offersIn, overflowsIn, queueSettings, smallCentre, wordsOf } from '../../../test/support/acd/small-centre.ts';
import type { CallId, PersonId } from '../../shared/ids.ts';
import type { Policy, PolicySource } from '../policy/policy.ts';
import { type AdmissionRules, lacksPresence, mayNotJoin, openAdmission } from './admission.ts';

const withAdmission = (admission: Partial<AdmissionRules>) => smallCentre([queueSettings('a', { admission })]);

test('admission answers by length, presence, and the wait expected, in this order', async (t) => {
  const rules: AdmissionRules = { ...openAdmission, mostWaiting: 2, mostExpectedWaitSeconds: 60, joinWith: 'ready' };
  const facts = { waiting: 1, expectedWaitMs: () => 60_000, present: () => ({ signedIn: 1, ready: 1 }) };
  t.equal(mayNotJoin(rules, facts), null);
  t.equal(mayNotJoin(rules, { ...facts, waiting: 2 }), 'full');
  t.equal(mayNotJoin(rules, { ...facts, present: () => ({ signedIn: 1, ready: 0 }) }), 'nobody-ready');
  t.equal(mayNotJoin(rules, { ...facts, present: () => ({ signedIn: 0, ready: 0 }) }), 'nobody-signed-in');
  t.equal(mayNotJoin(rules, { ...facts, expectedWaitMs: () => 60_001 }), 'long-wait-expected');
  t.equal(mayNotJoin(rules, { ...facts, expectedWaitMs: () => undefined }), null, 'what is not known refuses nobody');
  t.equal(mayNotJoin(openAdmission, { ...facts, waiting: 1e6 }), null);
  t.equal(lacksPresence('signed-in', { signedIn: 1, ready: 0 }), null);
});

test('a full queue takes nobody but who is served at once, is called back, or always joins', async (t) => {
  const centre = withAdmission({ mostWaiting: 1 });
  t.same(overflowsIn(centre.waits('c1')), []);
  t.same(overflowsIn(centre.waits('c2')), ['c2: full']);
  t.equal(centre.acd.position('c2' as CallId), undefined, 'it is in no queue');
  t.equal(centre.acd.wouldOverflow({ ...call('c3'), enteredAt: centre.now() }, centre.now()), 'full');
  t.same(overflowsIn(centre.waits('c3', { alwaysJoins: true })), []);
  t.same(overflowsIn(centre.waits('c4', { callback: true })), []);
  t.equal(centre.acd.queue('a', 0)?.waiting, 3);
  for (const name of ['aoi', 'ren', 'yui']) centre.come(name);
  centre.come('mei');
  t.same(offersIn(centre.waits('c5')), ['c5→mei']);
});

test('a call that has waited too long leaves at that instant, but not while it rings', async (t) => {
  const centre = withAdmission({ mostWaitSeconds: 60 });
  centre.waits('c1');
  t.same(overflowsIn(centre.pass(59_999)), []);
  t.same(overflowsIn(centre.pass(1)), ['c1: waited-too-long']);
  centre.waits('c2', { mostWaitSeconds: 10 });
  centre.waits('c3', { mostWaitSeconds: null });
  centre.waits('c4', { stays: true });
  t.same(overflowsIn(centre.pass(600_000)), ['c2: waited-too-long'], 'the flow may say another time, or none');
  centre.gone('c3');
  centre.gone('c4');
  centre.come('aoi');
  centre.waits('c5');
  centre.tell({ kind: 'alerting', ...centre.on('aoi', 'c5') }, 55_000 - 46_000);
  t.same(overflowsIn(centre.pass(15_000)), []);
  centre.tell({ kind: 'callWaiting', call: { ...call('c5'), enteredAt: centre.now() - 61_000 } }, 0);
  t.same(overflowsIn(centre.pass(1)), [], 'an agent is being rung');
  t.same(overflowsIn(centre.notAnswered('aoi', 'c5')), ['c5: waited-too-long']);
});

test('a queue may ask for agents who may take the call, to join and to stay', async (t) => {
  const centre = withAdmission({ joinWith: 'signed-in', stayWith: 'ready', absenceSeconds: 30 });
  t.same(overflowsIn(centre.waits('c1')), ['c1: nobody-signed-in']);
  centre.come('home', { clearance: 'none' });
  centre.waits('busy');
  const facts = { direction: 'inbound', piiClass: 'sensitive' } as const;
  t.same(overflowsIn(centre.waits('c2', { facts })), ['c2: nobody-signed-in'], 'nobody who may take it');
  centre.answered('home', 'busy');
  t.same(overflowsIn(centre.waits('c3')), []);
  centre.rest('home');
  centre.ends('home', 'busy');
  t.equal(centre.state('home'), 'not-ready');
  t.same(overflowsIn(centre.pass(29_999)), []);
  t.same(overflowsIn(centre.pass(1)), ['c3: nobody-ready']);
  centre.ready('home');
  centre.waits('c4');
  centre.answered('home', 'c4');
  centre.waits('c5');
  centre.tell({ kind: 'agentSignedOut', personId: 'home' as PersonId });
  centre.ends('home', 'c4');
  t.same(overflowsIn(centre.pass(10_000)), []);
  t.same(offersIn(centre.come('home', { clearance: 'none' })), ['c5→home'], 'who comes back in time serves them');
});

test('rules that change while a call waits may leave nobody who may take it', async (t) => {
  const open = { version: 'open', rules: null };
  const shut = { version: 'shut', rules: null };
  const compilePolicy = (source: PolicySource): Policy => ({
    source,
    decide: () =>
      source === open
        ? ({ allowed: true, rule: 'open' } as const)
        : ({ allowed: false, rule: 'shut', because: { code: 'shut', ja: '不可', en: 'shut' } } as const),
    standing: () => ({ key: '', untilMs: null }),
    needKey: () => '',
  });
  const queue = queueSettings('a', { admission: { stayWith: 'signed-in' } });
  const centre = smallCentre([queue], { policy: open, compilePolicy });
  centre.come('aoi');
  t.match(centre.waits('c1'), [{}, { kind: 'offer', rule: 'open' }]);
  const effects = centre.tell({ kind: 'rulesChanged', policy: shut, operation: 'all-home' });
  t.same(wordsOf(effects), ['withdraw c1 aoi', 'aoi reserved→available', 'overflow c1']);
  t.match(
    effects.find(({ kind }) => kind === 'refused'),
    { personId: 'aoi', rule: 'shut', because: { code: 'shut', en: 'shut' } },
  );
  t.same(centre.acd.rules, { policy: shut, operation: 'all-home' });
});

test('who does not answer, or rejects, comes back by the queue’s rule, and is signed out after too many', async (t) => {
  const rule = { returnAfterSeconds: 5, signOutAfter: 2 };
  const centre = smallCentre([queueSettings('a', { noAnswer: rule, rejected: { returnAfterSeconds: 1 } })]);
  centre.come('aoi');
  centre.waits('c1');
  centre.notAnswered('aoi', 'c1');
  t.match(centre.acd.agent('aoi' as PersonId), { state: 'not-ready', returnsAt: centre.now() + 5000 });
  t.same(offersIn(centre.pass(5000)), ['c1→aoi'], 'available again, and asked again');
  t.same(wordsOf(centre.notAnswered('aoi', 'c1')), ['aoi reserved→offline'], 'the second in a row');
  centre.come('aoi');
  centre.notAnswered('aoi', 'c1', 'rejected');
  t.same(offersIn(centre.pass(1000)), ['c1→aoi']);
  centre.answered('aoi', 'c1');
  centre.ends('aoi', 'c1');
  centre.waits('c2');
  centre.notAnswered('aoi', 'c2');
  t.equal(centre.state('aoi'), 'not-ready', 'an answer in between: counted from the beginning');
  centre.rest('aoi');
  t.same(centre.pass(60_000), [], 'who asked for a break is not fetched from it');
  t.equal(centre.acd.agent('aoi' as PersonId)?.returnsAt, null);
});

test('the wait to be expected follows from how fast the queue was served while callers waited', async (t) => {
  const centre = smallCentre([queueSettings('a')]);
  centre.come('aoi');
  centre.waits('c0');
  centre.answered('aoi', 'c0');
  for (let i = 1; i <= 6; i++) centre.waits(`c${i}`);
  t.equal(centre.acd.estimateWaitMs('c6' as CallId), undefined, 'too little is known');
  for (let i = 0; i < 4; i++) {
    centre.ends('aoi', `c${i}`, 29_000);
    centre.answered('aoi', `c${i + 1}`);
  }
  const expected = centre.acd.estimateWaitMs('c6' as CallId)!;
  t.ok(expected > 50_000 && expected < 70_000, `${expected} ms for the second of two, at one answer in 30 s`);
  t.ok(centre.acd.estimateWaitMs('c5' as CallId)! < expected);
  centre.ends('aoi', 'c4');
  t.equal(centre.acd.estimateWaitMs('c5' as CallId), 0, 'it rings');
  t.equal(centre.acd.estimateWaitMs('nothing' as CallId), undefined);
});

function call(callId: string) {
  const facts = { direction: 'inbound', piiClass: 'none' } as const;
  return { callId: callId as CallId, queue: 'a', enteredAt: 0, facts, priority: 0 };
}
