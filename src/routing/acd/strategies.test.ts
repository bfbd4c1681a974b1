// Whom a queue asks: an example for each strategy, tier, skill and preference. All of them at random: distributor.property.test.ts.

import { test } from 'tap';
import { offersIn, queueSettings, smallCentre, wordsOf } from '../../../test/support/acd/small-centre.ts';
import type { PersonId } from '../../shared/ids.ts';

const minute = 60_000;
const preferring = (personId: string, seconds: number) => ({ preferred: { personId: personId as PersonId, seconds } });

test('round robin goes around by this queue’s calls, whoever was idle longer', async (t) => {
  const centre = smallCentre([queueSettings('a', { strategy: 'round-robin' }), queueSettings('b')]);
  for (const name of ['aoi', 'ren', 'yui']) centre.come(name);
  const took: string[] = [];
  for (let i = 0; i < 5; i++) {
    const [offer] = offersIn(centre.waits(`c${i}`));
    const name = offer!.split('→')[1]!;
    took.push(name);
    centre.answered(name, `c${i}`);
    centre.ends(name, `c${i}`);
  }
  t.same(took, ['aoi', 'ren', 'yui', 'aoi', 'ren']);
  // yui is next in a. A call of b, by idle time, is yui's too; her turn in a stays hers.
  t.same(offersIn(centre.waits('other', { queue: 'b' })), ['other→yui']);
  centre.answered('yui', 'other');
  centre.ends('yui', 'other');
  t.same(offersIn(centre.waits('c6')), ['c6→yui'], 'though the others have been idle longer');
});

test('a call that was taken back is no turn', async (t) => {
  const centre = smallCentre([queueSettings('a', { strategy: 'round-robin' })]);
  for (const name of ['aoi', 'ren']) centre.come(name);
  centre.waits('c1');
  centre.gone('c1');
  t.same(offersIn(centre.waits('c2')), ['c2→aoi']);
});

test('least occupied asks who worked least of late; a break changes nothing', async (t) => {
  const centre = smallCentre([queueSettings('a', { strategy: 'least-occupied' })]);
  centre.come('aoi');
  centre.come('ren');
  centre.waits('long');
  centre.answered('aoi', 'long');
  centre.waits('short');
  centre.answered('ren', 'short');
  centre.ends('ren', 'short', minute);
  centre.ends('aoi', 'long', 9 * minute);
  t.same(offersIn(centre.waits('c3')), ['c3→ren'], 'one minute is less than ten');
  centre.gone('c3');
  centre.rest('ren');
  centre.pass(180 * minute);
  centre.ready('ren');
  t.same(offersIn(centre.waits('c4')), ['c4→aoi'], 'three hours of being available count, three hours of break do not');
});

test('fewest calls counts those of every queue since sign-in', async (t) => {
  const centre = smallCentre([queueSettings('a', { strategy: 'fewest-calls' }), queueSettings('b')]);
  for (const name of ['aoi', 'ren']) centre.come(name);
  centre.waits('c1', { queue: 'b' });
  centre.answered('aoi', 'c1');
  centre.ends('aoi', 'c1');
  centre.rest('ren');
  centre.ready('ren');
  t.same(offersIn(centre.waits('c2')), ['c2→ren'], 'who came back last has taken none');
});

test('ring-all rings as many as it may at once; the first answer has the call and the others keep their place', async (t) => {
  const centre = smallCentre([queueSettings('a', { strategy: 'ring-all', ringAtOnce: 3 })]);
  for (const name of ['aoi', 'ren', 'yui', 'mei']) centre.come(name);
  t.same(offersIn(centre.waits('c1')), ['c1→aoi', 'c1→ren', 'c1→yui']);
  t.same(offersIn(centre.waits('c2')), ['c2→mei'], 'who is left is rung for the next');
  const effects = centre.answered('ren', 'c1');
  t.same(wordsOf(effects), [
    ...[
      'withdraw c1 aoi',
      'aoi reserved→available',
      'withdraw c1 yui',
      'yui reserved→available',
      'ren reserved→on-call',
    ],
    ...['aoi available→reserved', 'offer c2 aoi', 'yui available→reserved', 'offer c2 yui'],
  ]);
  t.equal(centre.acd.queue('a', 0)?.waiting, 1);
});

test('an agent who comes while a call rings at others is rung too, unless another call waits', async (t) => {
  const centre = smallCentre([queueSettings('a', { strategy: 'ring-all' })]);
  centre.come('aoi');
  centre.waits('c1');
  t.same(offersIn(centre.come('ren')), ['c1→ren']);
  centre.waits('c2');
  t.same(offersIn(centre.come('yui')), ['c2→yui'], 'nobody is rung for that one');
  t.same(wordsOf(centre.notAnswered('aoi', 'c1')), ['aoi reserved→not-ready'], 'the call goes on ringing at the other');
  t.same(offersIn(centre.notAnswered('ren', 'c1')), [], 'and waits again when nobody is left');
  t.equal(centre.acd.position('c1' as never), 2);
});

test('a lower tier is asked first, the next one at once or after its time', async (t) => {
  const centre = smallCentre([queueSettings('a'), queueSettings('b', { tierWaitSeconds: 30 })]);
  centre.come('backup', { tiers: { a: 1, b: 1 } });
  centre.come('usual');
  t.same(offersIn(centre.waits('c1')), ['c1→usual'], 'though the other has been idle longer');
  t.same(offersIn(centre.waits('c2')), ['c2→backup']);
  centre.gone('c1');
  centre.gone('c2');
  centre.rest('usual');
  t.same(offersIn(centre.waits('c3', { queue: 'b' })), []);
  t.equal(centre.acd.nextDeadline(), centre.now() + 30_000);
  t.same(offersIn(centre.pass(29_999)), []);
  t.same(offersIn(centre.pass(1)), ['c3→backup']);
});

test('skills are asked for at a level, and for less as the call waits', async (t) => {
  const centre = smallCentre([queueSettings('a'), queueSettings('b', { relaxSkillsEverySeconds: 10 })]);
  centre.come('some', { skills: { english: 1 } });
  centre.come('none', { skills: {} });
  const relax = [
    { afterSeconds: 20, level: 1 },
    { afterSeconds: 40, level: 0 },
  ];
  t.same(offersIn(centre.waits('c1', { skills: [{ skill: 'english', level: 3, relax }] })), []);
  t.same(offersIn(centre.pass(20_000)), ['c1→some']);
  centre.notAnswered('some', 'c1');
  t.same(offersIn(centre.pass(20_000)), ['c1→none']);
  centre.rest('none');
  centre.waits('c2', { queue: 'b', skills: [{ skill: 'english', level: 2 }] });
  centre.come('fluent', { skills: { english: 3 }, queues: ['a'] });
  centre.gone('c1');
  t.same(offersIn(centre.ready('some')), [], 'not yet');
  t.same(offersIn(centre.pass(10_000)), ['c2→some'], 'a level less after ten seconds, by the queue');
});

test('a call waits for the agent it prefers for a while, then for anybody', async (t) => {
  const centre = smallCentre([queueSettings('a')]);
  for (const name of ['aoi', 'ren']) centre.come(name);
  centre.waits('c1');
  centre.answered('aoi', 'c1');
  t.same(offersIn(centre.waits('c2', preferring('aoi', 30))), [], 'though ren is free');
  t.same(offersIn(centre.pass(29_999)), []);
  t.same(offersIn(centre.pass(1)), ['c2→ren']);
  centre.answered('ren', 'c2');
  centre.waits('c3', preferring('aoi', 30));
  t.same(offersIn(centre.ends('aoi', 'c1')), ['c3→aoi']);
});

test('a preference does not let a call wait for somebody who will not come or may not have it', async (t) => {
  const centre = smallCentre([queueSettings('a')]);
  centre.come('ren');
  centre.signIn('aoi', { clearance: 'none' });
  t.same(offersIn(centre.waits('c1', preferring('aoi', 30))), ['c1→ren'], 'not-ready');
  centre.answered('ren', 'c1');
  centre.ends('ren', 'c1');
  centre.ready('aoi');
  const facts = { direction: 'inbound', piiClass: 'personal' } as const;
  t.same(offersIn(centre.waits('c2', { facts, ...preferring('aoi', 30) })), ['c2→ren'], 'forbidden');
  centre.waits('c3');
  centre.answered('aoi', 'c3');
  centre.waits('c4', preferring('aoi', 300));
  centre.answered('ren', 'c2');
  centre.ends('ren', 'c2');
  t.equal(centre.state('ren'), 'available', 'c4 waits for aoi');
  centre.tell({ kind: 'agentSignedOut', personId: 'aoi' as PersonId });
  t.same(offersIn(centre.ends('aoi', 'c3')), ['c4→ren'], 'who signed out does not come');
});

test('a preference lets nobody overtake, and ends with an offer that was not answered', async (t) => {
  const centre = smallCentre([queueSettings('a')]);
  centre.come('aoi');
  centre.waits('c1');
  centre.answered('aoi', 'c1');
  centre.waits('older');
  centre.waits('younger', preferring('aoi', 300));
  t.same(offersIn(centre.ends('aoi', 'c1')), ['older→aoi']);
  centre.answered('aoi', 'older');
  t.same(offersIn(centre.ends('aoi', 'older')), ['younger→aoi']);
  centre.come('ren');
  t.same(offersIn(centre.notAnswered('aoi', 'younger')), ['younger→ren']);
});

test('some people may not have a call, whatever the policy says', async (t) => {
  const centre = smallCentre([queueSettings('a')]);
  for (const name of ['aoi', 'ren']) centre.come(name);
  t.same(
    offersIn(centre.waits('c1', { notFor: ['aoi' as PersonId] })),
    ['c1→ren'],
    'who has been idle longest is passed',
  );
  t.same(offersIn(centre.waits('c2', { notFor: ['aoi' as PersonId] })), []);
  t.same(offersIn(centre.waits('c3')), ['c3→aoi'], 'and does not block the others');
});

test('a caller who was cut off goes in at the earlier place; a call back keeps its place', async (t) => {
  const centre = smallCentre([queueSettings('a', { priority: 0 }), queueSettings('b', { priority: 2 })]);
  centre.waits('c1');
  const since = centre.now();
  centre.waits('c2');
  centre.waits('call-back', { placeSince: since + 1, callback: true });
  centre.waits('back-again', { placeSince: since - 5000 });
  const order = ['back-again', 'c1', 'call-back', 'c2'];
  t.same(
    order.map((name) => centre.acd.position(name as never)),
    [1, 2, 3, 4],
  );
  t.match(centre.acd.queue('a', centre.now()), { waiting: 4, callbacks: 1 });
  centre.waits('other-queue', { queue: 'b' });
  t.same(offersIn(centre.come('aoi')), ['other-queue→aoi'], 'a queue of higher priority goes before');
});
