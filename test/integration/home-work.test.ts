// Working from home on the real API and a real database: what is missing, the pledge that is signed with a step-up, its end and its
// renewal, and what routing is told.

import t from 'tap';
import { hashOfText } from '../../src/identity/home-work/home-work.ts';
import { deviceSite } from '../support/centre/device-site.ts';

const day = 86_400_000;
const texts = { ja: '# 誓約\n\n画面を見せません。', en: '# Pledge\n\nNobody sees my screen.' };
const rules = (number: string) =>
  `from: 2026-11-01\nemployment: [regular]\npledge: { number: ${number}, ja: p.ja.md, en: p.en.md, valid-days: 100, remind-days: 10 }\n`;
const site = await deviceSite(t, {
  homeWork: rules('2026-1'),
  files: { 'p.ja.md': texts.ja, 'p.en.md': texts.en },
});
const hash = hashOfText(texts.en);
const { taro } = site.people;
const person = async () => (await site.store.people.byId(taro.id))!;
const session = await site.enter('taro');

t.test('what is missing is told in sentences, and at home no calls are offered meanwhile', async (t) => {
  const { body } = await session.rest('GET', '/home-work');
  t.match(body.standing, {
    ...{ eligible: false, inForce: true, from: '2026-11-01', pledge: null },
    missing: [{ code: 'employment', words: { ja: '雇用形態が登録されていません' } }, { code: 'pledge' }],
  });
  t.match(body.pledge, {
    number: '2026-1',
    texts: [
      { language: 'ja', text: texts.ja },
      { language: 'en', hash },
    ],
  });
  t.match(await site.devices.provenOf(await person()), {
    pledge: undefined,
    keptAway: [{ rule: 'home-work', classAtLeast: null, words: { en: /kind of employment is not known/ } }],
  });
  const inTheCentre = await site.enter('hanako', { address: '198.51.100.7' });
  t.equal(inTheCentre.signedIn.status, 200);
  const hanako = (await site.store.people.byId(site.people.hanako.id))!;
  t.equal((await site.devices.provenOf(hanako)).keptAway, undefined, 'it is about working from home');
});

t.test('the pledge is signed with a step-up; text, session and time are kept', async (t) => {
  await site.identity.changePerson(taro.id, { facts: { employment: 'regular' } });
  t.match((await session.rest('POST', '/home-work/pledge', { hash })).body, { code: 'step-up-needed' });
  await session.steppedUp();
  const other = await session.rest('POST', '/home-work/pledge', { hash: hashOfText('another text') });
  t.match([other.status, other.body.code], [409, 'pledge-changed']);
  site.acts();
  const signed = await session.rest('POST', '/home-work/pledge', { hash });
  t.equal(signed.status, 201);
  t.match(signed.body.standing, { eligible: true, missing: [], pledge: { number: '2026-1' } });
  t.match(site.acts(), [{ act: 'pledge-signed', outcome: 'done', number: '2026-1', hash, language: 'en' }]);
  const [kept] = await site.store.pledges.ofPerson(taro.id);
  t.match(kept, { hash, sessionId: /^s_/, signedAt: site.clock.now() });
  t.equal((await session.rest('GET', `/home-work/pledge-texts/${hash}`)).body.text, texts.en);
  const facts = await site.devices.provenOf(await person());
  t.same([facts.pledge, facts.keptAway], [{ version: '2026-1', signedAt: site.clock.now() }, undefined]);
});

t.test('supervisors see who is eligible; agents do not', async (t) => {
  const midori = await site.enter('midori');
  const { items } = (await midori.rest('GET', '/home-work/people')).body;
  const of = (login: string) => items.find((one: { person: { login: string } }) => one.person.login === login);
  t.match(of('taro').standing, { eligible: true });
  t.match(of('hanako').standing.missing, [{ code: 'employment' }, { code: 'pledge' }]);
  t.equal((await session.rest('GET', '/home-work/people')).status, 403);
});

t.test('a new number, and a text that was changed, have to be signed again', async (t) => {
  site.write('home-work.yaml', rules('2026-2'));
  await site.needs.reload();
  t.match((await session.rest('GET', '/home-work')).body.standing.missing, [
    { words: { en: 'the pledge is a new one (2026-2) and has to be signed again' } },
  ]);
  site.write('home-work.yaml', rules('2026-1'));
  site.write('p.en.md', `${texts.en} And nobody hears me.`);
  await site.needs.reload();
  t.match((await session.rest('GET', '/home-work')).body.standing, { eligible: false });
  site.write('p.en.md', texts.en);
  t.same(await site.needs.reload(), []);
  t.match((await session.rest('GET', '/home-work')).body.standing, { eligible: true, remind: false });
});

t.test('before its end one is reminded; after it, calls stay away', async (t) => {
  const { homeWork } = site.needs;
  const [pledge] = await site.store.pledges.ofPerson(taro.id);
  const signedAt = (ago: number) => site.clock.now() - ago;
  await site.store.pledges.add({ ...pledge!, id: 'pl_older' as never, signedAt: signedAt(91 * day) });
  const database = site.store.pledges.ofPerson;
  site.store.pledges.ofPerson = async (id) => (await database(id)).filter((one) => one.id === ('pl_older' as never));
  t.teardown(() => {
    site.store.pledges.ofPerson = database;
  });
  t.match(await homeWork.of(await person()), { eligible: true, remind: true });
  site.store.pledges.ofPerson = async (id) =>
    (await database(id)).map((one) => ({ ...one, signedAt: signedAt(100 * day) }));
  t.match(await homeWork.of(await person()), {
    eligible: false,
    missing: [{ words: { en: 'the pledge has expired' } }],
  });
  t.match((await site.devices.provenOf(await person())).keptAway, [{ rule: 'home-work' }]);
});
