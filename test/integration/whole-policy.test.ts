// Who may take a call: its class against the agent's clearance, with the whole program. hanako works at home and is cleared
// for nothing; taro is cleared for everything.

import t from 'tap';
import { addAdministrator } from '../support/centre/administrator.ts';
import { aWhile, hear, hearsMusic, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const centre = await startCentre(t);
const { engawa } = centre;
const hanako = await centre.desk('hanako', 660);
const taro = await centre.desk('taro', 790);

t.afterEach(async () => {
  await rest(hanako, taro);
  await centre.atRest();
});

async function administrator() {
  const { rest } = await addAdministrator(engawa, 'boss');
  return async (personId: string, change: object) => {
    const { status, body } = await rest('PATCH', `/api/v1/users/${personId}`, change);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  };
}

async function callWaiting() {
  const { items } = await engawa.get<{ items: { id: string; endedAt: number | null }[] }>('/api/v1/calls?limit=5');
  return items.find((call) => call.endedAt === null)!.id;
}

for (const [what, number, customerHz] of [
  ['a call about personal matters', numbers.contract, 440],
  ['a call whose reason is not known', numbers.noReason, 550],
] as const) {
  t.test(`${what} is not offered to who is not cleared, though nobody else is there`, async (t) => {
    await hanako.setState('available');
    const customer = await centre.callIn(number, customerHz);
    await hearsMusic(customer, []);
    const callId = await callWaiting();
    const refused = await eventually(
      'the log says why',
      async () => (await centre.events(callId)).find((event) => event.type === 'offer-refused'),
      { withinMs: 30_000 },
    );
    t.match(refused, { personId: hanako.personId, because: /clear/i });
    await aWhile(1500);
    t.equal(hanako.view.state, 'available');
    t.equal(hanako.line, undefined, 'the desk never rang');
    const told = hanako.feed.filter((event) => JSON.stringify(event).includes(callId));
    t.ok(
      told.every((event) => event.data.type === 'offer-refused'),
      'and was told nothing of the call but that',
    );
    await taro.setState('available');
    await taro.rings();
    await taro.answer();
    await hear('who is cleared has the call', [
      [customer, [790]],
      [taro, [customerHz]],
      [hanako, []],
    ]);
    customer.hangUp();
  });
}

t.test('a clearance that is raised while the call waits counts at once', async (t) => {
  const change = await administrator();
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.contract, 440);
  await hearsMusic(customer, []);
  t.equal(hanako.line, undefined);
  await change(hanako.personId, { clearance: 'personal' });
  await hanako.rings();
  await hanako.answer();
  await hear('both hear each other', [
    [customer, [660]],
    [hanako, [440]],
  ]);
  customer.hangUp();
  await rest(hanako);

  await change(hanako.personId, { clearance: 'none' });
  await hanako.setState('available');
  const next = await centre.callIn(numbers.contract, 440);
  await hearsMusic(next, []);
  await aWhile(1000);
  t.equal(hanako.line, undefined, 'and one that is lowered, too');
  next.hangUp();
});
