// A customer's number is shown to a person of the centre, with step-up, purpose, limit and an audit entry first; and never to a home,
// whatever the role: every byte that somebody outside the centre is sent is searched. On the real API, database and vault, over HTTP.

import { pino } from 'pino';
import t from 'tap';
import { createAudit } from '../../src/identity/audit/create-audit.ts';
import { createPlaces, type Places } from '../../src/identity/places.ts';
import { createNumberVault } from '../../src/privacy/number-vault.ts';
import { PhoneNumber } from '../../src/privacy/phone-number.ts';
import type { Vault } from '../../src/privacy/vault.ts';
import { systemClock as clock } from '../../src/shared/clock.ts';
import { type CallId, newId, type PersonId } from '../../src/shared/ids.ts';
import { type Role, roles } from '../../src/store/records.ts';
import { password, testApi } from '../support/centre/api.ts';
import { readEvents } from '../support/centre/event-source.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { eventually } from '../support/eventually.ts';
import { testDatabase, testStore } from '../support/servers/database.ts';
import { officeNetwork, signInParts } from '../support/sign-in/sign-in-api.ts';

t.setTimeout(180_000);

const office = '203.0.113.7';
const home = '198.51.100.9';
const customer = '+819012345678';
const perHour = 4;
const lines: string[] = [];
const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
const databaseUrl = await testDatabase(t);
const rows = await testStore(t, { url: databaseUrl });
const keys = { aliasKey: Buffer.alloc(32, 3), sealingKeys: [Buffer.alloc(32, 4)] };
const vault: Vault = createNumberVault({ clock, log, rows: rows.vaultRows, keys });
const sites = [{ name: 'office', networks: [officeNetwork] }];
const places: Places = createPlaces({ clock, sites, sessions: rows.sessions });
const audit = createAudit({ clock, log, rows: rows.audit });
let auditAnswers = true;
const label = { ja: '折り返し', en: 'Call back' };
const site = await testApi(t, {
  ...{ databaseUrl, log },
  audit: { write: async (entry) => (auditAnswers ? audit.write(entry) : Promise.reject(new Error('away'))) },
  listen: { host: '127.0.0.1', port: 0, trustedProxies: ['127.0.0.1'] },
  comingIn: (of) => signInParts({ ...of, settings: { roles: [], outsideCentre: false } }),
  reveal: {
    roles: ['supervisor', 'administrator'],
    purposes: [
      { name: 'call-back', label, note: false },
      { name: 'other', label, note: true },
    ],
    ...{ perHour, shownSeconds: 60, country: 'JP', recall: vault.recall, places },
  },
});
const url = await site.api.listen();

interface Visitor {
  headers: Record<string, string>;
  /** Everything that was sent here so far. */
  received: string[];
  ask(method: string, path: string, body?: object): Promise<{ status: number; headers: Headers; text: string }>;
}

async function visit(login: string, from: string): Promise<Visitor> {
  const received: string[] = [];
  const headers: Record<string, string> = { 'x-forwarded-for': from };
  const ask: Visitor['ask'] = async (method, path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      ...{ method, headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) } },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    received.push(JSON.stringify([...response.headers]), text);
    return { status: response.status, headers: response.headers, text };
  };
  const signedIn = await ask('POST', '/session', { login, password });
  if (signedIn.status !== 200) throw new Error(signedIn.text);
  headers['cookie'] = signedIn.headers.get('set-cookie')!.split(';')[0]!;
  headers['x-csrf-token'] = JSON.parse(signedIn.text).csrfToken;
  return { headers, received, ask };
}

async function provenVisit(login: string, from: string): Promise<Visitor> {
  const visitor = await visit(login, from);
  await visitor.ask('POST', '/session/step-up', { password });
  return visitor;
}

async function add(login: string, role: Role, more: object = {}) {
  const base = { place: 'centre', clearance: 'none', language: 'ja', password } as const;
  return site.identity.createPerson({ ...base, displayName: login, login, role, queues: [], ...more });
}

/** A customer called, in this queue. */
async function calledIn(queue: string, number: string) {
  const alias = await vault.remember(PhoneNumber.fromCanonical(number)!);
  const callId = newId('call');
  const started = { direction: 'inbound', alias, companyNumber: '0120000000', trunk: null } as const;
  await site.store.events.append({ type: 'call-started', callId, ...started });
  await site.store.events.append({ type: 'queue-entered', callId, queue });
  await site.store.events.flush();
  return { callId: callId as CallId, alias };
}

const codeOf = ({ text }: { text: string }) => JSON.parse(text).code;
const callBack = { purpose: 'call-back' };
const reveals = (outcome: 'done' | 'refused', personId?: PersonId) =>
  rows.audit.search({ acts: ['number-revealed'], outcome, ...(personId ? { personId } : {}) });

t.test('in the centre: after a proof, for a purpose, and in the audit log first', async (t) => {
  const { callId, alias } = await calledIn('orders', customer);
  const midori = await visit('midori', office);
  t.match(JSON.parse((await midori.ask('GET', '/number-reveals')).text), {
    ...{ mayReveal: true, place: 'centre', purposes: [{ name: 'call-back' }, { name: 'other', note: true }] },
  });
  const [session] = await rows.sessions.ofPerson(site.people.midori.id);
  await site.identity.changeSession(session!.id, { steppedUpAt: 0 });
  const path = `/calls/${callId}/number-reveals`;
  t.equal(codeOf(await midori.ask('POST', path, callBack)), 'step-up-needed');
  await midori.ask('POST', '/session/step-up', { password });
  for (const nothing of [
    { purpose: '' },
    { purpose: 'curiosity' },
    { purpose: 'other' },
    { purpose: 'other', note: ' x ' },
  ])
    t.equal(codeOf(await midori.ask('POST', path, nothing)), 'purpose-needed');
  t.same(await reveals('done'), [], 'nothing was shown');

  const shown = await midori.ask('POST', path, { purpose: 'other', note: 'the line broke' });
  t.equal(shown.status, 200, shown.text);
  t.strictSame(JSON.parse(shown.text), { alias, number: '090-1234-5678', shownSeconds: 60 });
  t.equal(shown.headers.get('cache-control'), 'no-store');
  t.match(await reveals('done'), [
    {
      ...{ personId: site.people.midori.id, target: { kind: 'call', id: callId } },
      details: { purpose: 'other: the line broke', address: office, more: { alias } },
    },
  ]);
  const byAlias = await midori.ask('POST', `/customers/${alias}/number-reveals`, callBack);
  t.equal(JSON.parse(byAlias.text).number, '090-1234-5678');
  t.equal(codeOf(await midori.ask('POST', '/customers/ZZZZ-ZZZZ/number-reveals', callBack)), 'unknown-alias');
  t.equal(codeOf(await midori.ask('POST', `/calls/${newId('call')}/number-reveals`, callBack)), 'unknown-alias');
});

t.test('never to a home: every role, and whoever has one more session there', async (t) => {
  const { callId, alias } = await calledIn('orders', '+819087651234');
  const paths = [`/calls/${callId}/number-reveals`, `/customers/${alias}/number-reveals`];
  const atHome: Visitor[] = [];
  for (const role of roles) {
    const person = await add(`home-${role}`, role, { queues: ['orders'] });
    const visitor = await provenVisit(`home-${role}`, home);
    atHome.push(visitor);
    const may = role === 'supervisor' || role === 'administrator';
    for (const path of paths) {
      const refused = await visitor.ask('POST', path, callBack);
      t.equal(refused.status, 403, `${role} ${path}`);
      if (may) t.equal(codeOf(refused), 'number-stays');
    }
    t.same(await reveals('done', person.id), []);
    if (may) {
      t.match(await reveals('refused', person.id), [{ details: { more: { because: 'place' } } }, {}]);
      t.match(JSON.parse((await visitor.ask('GET', '/number-reveals')).text), { place: 'home' });
    }
  }

  await t.test('a person who is in both places at once is at home, until the session there ends', async (t) => {
    await add('both', 'supervisor');
    const inOffice = await provenVisit('both', office);
    const left = await visit('both', home);
    atHome.push(left);
    t.equal(codeOf(await inOffice.ask('POST', paths[0]!, callBack)), 'number-stays');
    t.equal((await left.ask('DELETE', '/session')).status, 204);
    t.equal((await inOffice.ask('POST', paths[0]!, callBack)).status, 200);
  });

  await t.test('a session that is taken home is at home with its first request', async (t) => {
    await add('takes-it-home', 'supervisor');
    const visitor = await provenVisit('takes-it-home', office);
    visitor.headers['x-forwarded-for'] = home;
    t.equal(codeOf(await visitor.ask('POST', paths[0]!, callBack)), 'number-stays');
    atHome.push(visitor);
  });

  await t.test('an API key is nobody, and sees none', async (t) => {
    for (const role of ['supervisor', 'administrator'] as const) {
      const { secret } = await site.identity.createApiKey({ name: role, role });
      const headers = { authorization: `Bearer ${secret}`, 'x-forwarded-for': office };
      for (const path of paths) {
        const { statusCode } = await site.app.inject({
          ...{ method: 'POST', url: `/api/v1${path}`, headers, payload: callBack },
        });
        t.equal(statusCode, 403);
      }
    }
  });

  await t.test('what was shown in the centre is in no feed, history, audit log or line of the log', async (t) => {
    const supervisor = atHome[1]!;
    const feeds = await Promise.all(
      [atHome[0]!, supervisor].map(({ headers }) => readEvents(`${url}/api/v1/feed`, headers)),
    );
    t.teardown(() => feeds.map((feed) => feed.close()));
    await add('shows', 'supervisor');
    const inOffice = await provenVisit('shows', office);
    for (const path of paths) t.equal((await inOffice.ask('POST', path, callBack)).status, 200);
    const later = await calledIn('orders', '+819011112222');
    await eventually('the feed tells of the next call', () =>
      feeds[1]!.events.some(({ data }) => data?.callId === later.callId),
    );
    await supervisor.ask('GET', `/calls/${callId}`);
    await supervisor.ask('GET', `/calls/${callId}/events`);
    await supervisor.ask('GET', `/calls?alias=${alias}`);
    await atHome[2]!.ask('GET', '/audit?act=number-revealed');
    const everything = {
      feeds: JSON.stringify(feeds.map(({ events }) => events)),
      homes: atHome.map(({ received }) => received.join('\n')).join('\n'),
      log: lines.join(''),
      audit: JSON.stringify(await rows.audit.read({ after: 0 })),
      events: JSON.stringify(await rows.events.read({ limit: 1000 })),
    };
    for (const [where, text] of Object.entries(everything))
      for (const number of ['+819087651234', customer]) t.same(findNumber(text, number), [], where);
    t.not(
      findNumber(inOffice.received.join('\n'), '+819087651234').length,
      0,
      'the finder finds it where it was shown',
    );
  });
});

t.test('limits to sites and queues hold; what is outside is not there', async (t) => {
  const inside = await calledIn('orders', '+819044440000');
  const outside = await calledIn('support', '+819055550000');
  const person = await add('of-orders', 'supervisor', { scope: { queues: ['orders'] } });
  const limited = await provenVisit('of-orders', office);
  for (const path of [`/calls/${outside.callId}`, `/customers/${outside.alias}`])
    t.equal(codeOf(await limited.ask('POST', `${path}/number-reveals`, callBack)), 'unknown-alias');
  t.match(await reveals('refused', person.id), [{ details: { more: { because: 'unknown' } } }, {}]);
  for (const path of [`/calls/${inside.callId}`, `/customers/${inside.alias}`])
    t.equal((await limited.ask('POST', `${path}/number-reveals`, callBack)).status, 200);
});

t.test('so many in an hour and no more, also when they are asked for at once', async (t) => {
  const { alias } = await calledIn('orders', '+819066660000');
  const person = await add('curious', 'administrator');
  const curious = await provenVisit('curious', office);
  const answers = await Promise.all(
    Array.from({ length: 2 * perHour }, () => curious.ask('POST', `/customers/${alias}/number-reveals`, callBack)),
  );
  t.equal(answers.filter(({ status }) => status === 200).length, perHour);
  const refused = answers.filter(({ status }) => status === 429);
  t.equal(refused.length, perHour);
  for (const { headers } of refused) {
    const seconds = Number(headers.get('retry-after'));
    t.ok(seconds > 0 && seconds <= 3600, `${seconds}`);
  }
  t.equal((await reveals('done', person.id)).length, perHour);
  t.equal((await reveals('refused', person.id)).length, perHour);
  // Another person is another matter.
  await add('other', 'administrator');
  const other = await provenVisit('other', office);
  t.equal((await other.ask('POST', `/customers/${alias}/number-reveals`, callBack)).status, 200);
});

t.test('nothing is shown when it cannot be kept that it is', async (t) => {
  const { alias } = await calledIn('orders', '+819077770000');
  await add('unseen', 'supervisor');
  const unseen = await provenVisit('unseen', office);
  auditAnswers = false;
  const refused = await unseen.ask('POST', `/customers/${alias}/number-reveals`, callBack);
  auditAnswers = true;
  t.equal(refused.status, 500);
  t.same(findNumber(unseen.received.join('\n'), '+819077770000'), []);
});
