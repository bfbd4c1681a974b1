// What flows do in a live call and in the queues, through the whole program with real SIP and RTP: the reason by lookup and by spoken
// words, place and time announced, every overflow.

import t from 'tap';
import type { EngawaEvent, EventType } from '../../src/shared/events.ts';
import { announcementHz, contractHz, lines, productHz, startQueueCentre } from '../support/centre/queue-centre.ts';
import { hear, hearsMusic, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import type { Customer } from '../support/sip/carrier.ts';

const hanakoHz = 660;
const taroHz = 790;

const centre = await startQueueCentre(t);
const { crm, vosk, engawa } = centre;
const hanako = await centre.desk('hanako', hanakoHz);
const taro = await centre.desk('taro', taroHz);

t.afterEach(async () => {
  await rest(hanako, taro);
  await centre.atRest();
});

async function newestCall(): Promise<string> {
  const { items } = await engawa.get<{ items: { id: string }[] }>('/api/v1/calls?limit=1');
  return items[0]!.id;
}

async function told<T extends EventType>(callId: string, type: T, count = 1): Promise<EngawaEvent<T>[]> {
  return eventually(
    `${type} of ${callId}`,
    async () => {
      const found = (await centre.events(callId)).filter((event) => event.type === type) as unknown as EngawaEvent<T>[];
      return found.length >= count ? found : undefined;
    },
    { withinMs: 30_000, everyMs: 150 },
  );
}

async function callIn(line: string, toneHz: number, from?: string): Promise<{ customer: Customer; callId: string }> {
  const customer = await centre.callIn(line, toneHz, from);
  const { items } = await eventually(
    'the call is listed',
    async () => {
      const list = await engawa.get<{ items: { id: string; companyNumber: string; endedAt: number | null }[] }>(
        '/api/v1/calls?limit=3',
      );
      const found = list.items.filter((call) => call.companyNumber === line && call.endedAt === null);
      return found.length > 0 ? { items: found } : undefined;
    },
    { withinMs: 30_000, everyMs: 100 },
  );
  return { customer, callId: items[0]!.id };
}

t.test(
  'the company’s own system says why a customer calls, and the call goes to whom that reason allows',
  async (t) => {
    crm.answer = (_request, response) =>
      void response.end(JSON.stringify({ customer: { reason: 'contract-change', tier: 'secret-gold' } }));
    await taro.setState('available');
    const customer = await centre.callIn(lines.lookup, contractHz, '09087654321');
    await taro.rings();
    t.match(taro.view.call, { queue: 'contracts', reason: { id: 'contract-change' } });
    await taro.answer();
    await hear('both hear each other', [
      [customer, [taroHz]],
      [taro, [contractHz]],
    ]);
    const asked = crm.asked.at(-1)!;
    t.match(asked.url, '/who?');
    t.equal(new URL(asked.url, 'http://x').searchParams.get('tel'), '09087654321', 'as the settings allow it');
    t.equal(asked.headers.authorization, 'token-of-the-company');
    const [made] = await told(taro.view.call!.id, 'lookup-made');
    t.match(made, { service: 'crm', outcome: 'found' });
    t.notMatch(JSON.stringify(await centre.events(taro.view.call!.id)), /secret-gold|8765/);
    t.notMatch(engawa.log(), /secret-gold|8765|token-of/);
    customer.hangUp();
  },
);

t.test('a system that is in trouble leaves the reason to the menu', async (t) => {
  crm.answer = (_request, response) => void response.writeHead(503).end();
  await hanako.setState('available');
  const customer = await centre.callIn(lines.lookup, contractHz);
  const callId = await newestCall();
  t.match((await told(callId, 'lookup-made'))[0], { outcome: 'failed', because: 'status' });
  await customer.digits('2');
  await hanako.rings();
  t.match(hanako.view.call, { reason: { id: 'product-question' } });
  customer.hangUp();
});

t.test('a caller says why, and is understood', async (t) => {
  vosk.behaviour = 'listens';
  await taro.setState('available');
  const before = vosk.bytes;
  // This caller’s word is its tone, said as soon as it is asked.
  const customer = await centre.callIn(lines.speech, contractHz);
  await taro.rings();
  t.match(taro.view.call, { queue: 'contracts', reason: { id: 'contract-change' } });
  t.ok(vosk.bytes > before, 'the voice went to the speech server');
  const [listened] = await told(taro.view.call!.id, 'caller-listened-to');
  t.match(listened, { outcome: 'heard' });
  t.notMatch(engawa.log(), /契約 の 変更/, 'the words are in no log');
  customer.hangUp();
});

t.test(
  'whoever keys instead of speaking is understood as well, and without a speech server there is the menu',
  async (t) => {
    await hanako.setState('available');
    vosk.behaviour = 'listens';
    const keys = await centre.callIn(lines.speech, hanakoHz);
    await keys.digits('2');
    await hanako.rings();
    t.match((await told(hanako.view.call!.id, 'caller-listened-to'))[0], { outcome: 'keyed' });
    keys.hangUp();
    await rest(hanako);
    await hanako.setState('available');
    vosk.behaviour = 'refuses';
    const talks = await centre.callIn(lines.speech, productHz);
    const callId = await newestCall();
    t.match((await told(callId, 'caller-listened-to'))[0], { outcome: 'failed' });
    await talks.digits('2');
    await hanako.rings();
    t.match(hanako.view.call, { reason: { id: 'product-question' } });
    talks.hangUp();
  },
);

t.test('who waits is told the place in the line, between music and music', async (t) => {
  const first = await callIn(lines.callback, contractHz, '09011110001');
  await hear('the first hears the place', [[first.customer, [announcementHz]]]);
  t.match(await told(first.callId, 'wait-announced'), [{ queue: 'general', position: 1 }]);
  const second = await callIn(lines.callback, productHz, '09011110002');
  await hear('the second hears the place', [[second.customer, [announcementHz]]]);
  t.match(await told(second.callId, 'wait-announced'), [{ position: 2 }]);
  await hearsMusic(second.customer, [announcementHz, contractHz]);
  first.customer.hangUp();
  second.customer.hangUp();
});

t.test('a queue that is full sends the call on, and in the next queue it keeps its place', async (t) => {
  const customer = await centre.callIn(lines.full, contractHz);
  const callId = await newestCall();
  const entered = await told(callId, 'queue-entered', 2);
  t.strictSame(
    entered.map(({ queue }) => queue),
    ['small', 'general'],
  );
  t.match(await told(callId, 'queue-left'), [{ queue: 'small', outcome: 'overflowed' }]);
  await hanako.setState('available');
  await hanako.rings();
  customer.hangUp();
});

t.test('whoever has waited for too long goes the way of the flow', async (t) => {
  const customer = await centre.callIn(lines.time, contractHz);
  const callId = await newestCall();
  const [left] = await told(callId, 'queue-left');
  t.match(left, { queue: 'general', outcome: 'overflowed' });
  t.ok(left!.waitMs >= 1900, `${left!.waitMs} ms`);
  customer.hangUp();
});

t.test('a queue without anybody there does not take the call; one that is left empty lets it go', async (t) => {
  // Everybody signed out of their desks.
  for (const desk of [hanako, taro]) await desk.setState('offline');
  const nobody = await centre.callIn(lines.nobody, contractHz);
  const nobodyId = await newestCall();
  t.match(await told(nobodyId, 'queue-left'), [{ queue: 'staffed', outcome: 'overflowed' }]);
  nobody.hangUp();
  await centre.endedCall(nobodyId);

  const alone = await centre.callIn(lines.empty, contractHz);
  const aloneId = await newestCall();
  const entered = await told(aloneId, 'queue-entered', 2);
  t.strictSame(
    entered.map(({ queue }) => queue),
    ['contracts', 'general'],
    'joined, and left when nobody had come',
  );
  alone.hangUp();
});

t.test('whoever is cut off while waiting and calls again has the earlier place', async (t) => {
  const from = '09033334444';
  const lost = await callIn(lines.callback, contractHz, from);
  const other = await callIn(lines.callback, productHz, '09033335555');
  lost.customer.hangUp();
  await centre.endedCall(lost.callId);
  const back = await callIn(lines.callback, contractHz, from);
  const [entered] = await told(lost.callId, 'queue-entered');
  const [restored] = await told(back.callId, 'place-restored');
  t.ok(Math.abs(restored!.since - entered!.at) < 1000, 'since the first call began to wait');
  await hanako.setState('available');
  await hanako.rings();
  t.equal(hanako.view.call!.id, back.callId, 'before the one who came in between');
  await hanako.answer();
  back.customer.hangUp();
  other.customer.hangUp();
});

t.test('hold, resume and UPDATE are answered in menu, queue and while a message is left', async (t) => {
  for (const line of [lines.lookup, lines.callback, lines.message]) {
    const { customer } = await callIn(line, contractHz);
    for (const method of ['INVITE', 'UPDATE'] as const) {
      t.match(await customer.renegotiate({ method, direction: 'sendonly' }), { status: 200, body: /a=recvonly/ });
      t.match(await customer.renegotiate({ method }), { status: 200, body: /a=sendrecv/ });
    }
    customer.hangUp();
    await centre.atRest();
  }
});

t.test('what the queues did is counted from what happened', async (t) => {
  interface Report {
    items: { queue: string; calls: number; answered: number; overflowed: number; serviceLevels: object }[];
  }
  const { items } = await engawa.get<Report>('/api/v1/reports/queues');
  const of = (name: string) => items.find(({ queue }) => queue === name)!;
  t.match(of('small'), { calls: 1, answered: 0, overflowed: 1 }, 'the queue that was full');
  t.match(of('contracts').serviceLevels, { answered: 1, strict: 1 }, 'who was connected with the contracts queue');
  t.ok(of('contracts').answered >= 1, `${of('contracts').answered} answered`);
  t.ok(of('general').calls >= 5, `${of('general').calls} left the general queue`);
  await t.rejects(engawa.get('/api/v1/reports/queues?from=5&to=4'), /400/);
});
