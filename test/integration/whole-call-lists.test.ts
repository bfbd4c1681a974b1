// Outbound call lists with the whole program: filled by CSV, worked on at a desk that sees aliases, tried again by outcome, and
// never against the wish of a customer. No number reaches the desk.

import t from 'tap';
import { findNumber } from '../support/centre/number-finder.ts';
import { hear, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';

const customerHz = 440;
const hanakoHz = 660;

const centre = await startCentre(t);
const { engawa, carrier } = centre;
const hanako = await centre.desk('hanako', hanakoHz);

interface DeskList {
  list: { id: string; mode: string; script: { ja: string } } | null;
  entry: { alias: string; state: string; attempts: number; facts: Record<string, string> } | null;
  because: string | null;
}
interface Listed {
  items: { alias: string; state: string; attempts: number; lastOutcome: string | null; closedBecause: string | null }[];
}

async function ask<T>(method: string, path: string, body?: unknown, type = 'application/json') {
  const response = await fetch(new URL(path, engawa.url), {
    method,
    headers: { authorization: `Bearer ${engawa.apiKey}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text ? JSON.parse(text) : null) as T };
}

let made = 0;
async function newList(mode: 'preview' | 'progressive', csv: string, more: object = {}): Promise<string> {
  const { status, body } = await ask<{ id: string; state: string }>('POST', '/api/v1/call-lists', {
    name: `list-${++made}`,
    label: { ja: 'ご案内', en: 'Notice' },
    mode,
    reason: 'product-question',
    queue: 'general',
    presentedNumber: numbers.product,
    calendar: 'always',
    script: { ja: 'えんがわ商事です。', en: 'This is Engawa Shoji.' },
    ...more,
  });
  t.match([status, body.state], [201, 'paused']);
  const added = await ask('POST', `/api/v1/call-lists/${body.id}/customers`, csv, 'text/csv');
  t.equal(added.status, 200, JSON.stringify(added.body));
  await ask('PATCH', `/api/v1/call-lists/${body.id}`, { state: 'running' });
  return body.id;
}

const desk = (method: string, path = '', body?: unknown) =>
  hanako.rest<DeskList & { code?: string }>(method, `/api/v1/desk/call-list${path}`, body);
const customers = async (id: string) => (await ask<Listed>('GET', `/api/v1/call-lists/${id}/customers`)).body.items;

t.afterEach(async () => {
  await desk('PUT', '', { listId: null });
  await rest(hanako);
  await centre.atRest();
});

t.test(
  'preview: the agent looks, calls, says what came of it; the next one is busy and is tried again later',
  async (t) => {
    const id = await newList(
      'preview',
      'number,reference,plan,hint\n080-2222-0001,K-1,Basic,電話 03-1234-5678\n08022220002,K-2,Plus,\n110,K-3,,\n',
    );
    const chosen = await desk('PUT', '', { listId: id });
    t.match(chosen.body, { list: { id, script: { ja: 'えんがわ商事です。' } }, entry: null });
    const shown = await desk('POST', '/next');
    t.match(shown.body.entry, { state: 'reserved', attempts: 0, facts: { plan: 'Basic', hint: '電話 [number]' } });
    t.notMatch(JSON.stringify(shown.body), /K-1/, 'the company’s key stays with the company');

    carrier.next({ answer: { toneHz: customerHz } });
    t.equal((await desk('POST', '/call')).status, 201);
    const { invite, customer } = await eventually('the carrier is called', () => carrier.called.at(-1));
    t.match(invite.line, 'INVITE sip:08022220001@');
    await hear('both hear each other', [
      [customer, [hanakoHz]],
      [hanako, [customerHz]],
    ]);
    t.match(hanako.view.call, { reason: { id: 'product-question' }, alias: shown.body.entry?.alias });
    t.match((await desk('POST', '/next')).body, { code: 'list-not-judged' });
    customer.hangUp();
    await eventually('the list knows of the answer', async () => (await desk('GET')).body.entry?.attempts === 1);
    const judged = await eventually('judged', async () => {
      const answer = await desk('POST', '/outcome', { disposition: 'done' });
      return answer.status === 200 ? answer.body : undefined;
    });
    t.equal(judged.entry, null);

    await hanako.shows('free', (view) => view.call === null && view.state !== 'on-call');
    await desk('POST', '/next');
    carrier.next({ refuse: 486 });
    await desk('POST', '/call');
    const busy = await eventually('busy is written down', async () =>
      (await customers(id)).find((one) => one.lastOutcome === 'busy' && one.state === 'waiting'),
    );
    t.match(busy, { state: 'waiting', attempts: 1 });
    t.match((await desk('POST', '/next')).body, { code: 'list-nobody-due' }, 'not before its time');
    t.match((await customers(id)).length, 2, 'the emergency number did not come onto the list');
    t.match((await ask('GET', `/api/v1/call-lists/${id}/figures`)).body, {
      entries: 2,
      closed: 1,
      attempts: 2,
      byOutcome: { answered: 1, busy: 1 },
      byDisposition: { done: 1 },
      answerRate: 0.5,
    });
  },
);

t.test(
  'progressive: the next customer is called as soon as the agent is available, until nobody is left',
  async (t) => {
    const before = carrier.called.length;
    const id = await newList('progressive', 'number\n08022220011\n08022220012\n', {
      retry: { maxAttempts: 1, retryMinutes: {} },
    });
    carrier.next({ answer: { toneHz: customerHz } });
    await desk('PUT', '', { listId: id });
    await hanako.setState('available');
    const first = await eventually('the first is called', () => carrier.called[before], { withinMs: 30_000 });
    await hear('they talk', [[first.customer, [hanakoHz]]]);
    const judged = await desk('POST', '/outcome', { disposition: 'do-not-call' });
    t.equal(judged.status, 200, 'while still talking');
    carrier.next({ refuse: 486 });
    await hanako.command('hangup');
    await hanako.setState('available');
    const all = await eventually('both are closed', async () => {
      const items = await customers(id);
      return items.every((one) => one.state === 'closed') ? items : undefined;
    });
    t.strictSame(all.map((one) => one.closedBecause).sort(), ['attempts-used', 'do-not-call']);
    t.equal(carrier.called.length >= before + 1, true);

    const again = await newList('preview', 'number\n08022220011\n');
    t.strictSame(await customers(again), [], 'who asked not to be called comes onto no list');
  },
);

t.test('who may not handle the class of a list gets nobody of it; a paused list calls nobody', async (t) => {
  const id = await newList('preview', 'number\n08022220021\n', { reason: 'contract-change' });
  const refused = await desk('PUT', '', { listId: id });
  t.match([refused.status, refused.body.code], [403, 'list-forbidden']);
  const paused = await newList('preview', 'number\n08022220022\n');
  await ask('PATCH', `/api/v1/call-lists/${paused}`, { state: 'paused' });
  await desk('PUT', '', { listId: paused });
  t.match((await desk('POST', '/next')).body, { code: 'list-not-running' });
});

t.test('a mistake in CSV says where; unknown names are refused', async (t) => {
  const id = await newList('preview', 'number,plan\nnot a number,A\n08022220031,B\n');
  t.match((await customers(id)).length, 1);
  const broken = await ask<{ detail: string }>(
    'POST',
    `/api/v1/call-lists/${id}/customers`,
    'number\n"0801',
    'text/csv',
  );
  t.match([broken.status, broken.body.detail], [400, /line 2/]);
  const nameless = await ask<{ detail: string }>('POST', `/api/v1/call-lists/${id}/customers`, 'name\nA\n', 'text/csv');
  t.match(nameless.body.detail, /number/);
  t.match(await ask('PATCH', `/api/v1/call-lists/${id}`, { calendar: 'sometimes' }), {
    status: 422,
    body: { detail: /calendar/ },
  });
});

t.test('no number of a customer on a list reached the desk', async (t) => {
  const received = hanako.proxy.toClient();
  for (const number of ['08022220001', '08022220002', '08022220011', '08022220012', '0312345678'])
    t.strictSame(findNumber(received, number), [], number);
});
