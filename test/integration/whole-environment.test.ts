// The check before a shift with the whole program and agents without a browser: a line of known loss and jitter is measured, a
// bad one keeps calls away or sends them to the own telephone, supervisors see it, the help desk gets a report.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { AgentRow } from '../../src/api/contract.ts';
import type { BegunCheck, EnvironmentCheckView } from '../../src/api/contracts/environment.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';
import type { Impairment } from '../support/media/robot-media.ts';

t.setTimeout(300_000);
const patience = { withinMs: 60_000 };
/** FreeSWITCH counts loss by reports that come every four seconds. */
const seconds = process.env['ENGAWA_TEST_FREESWITCH'] ? 10 : 4;

const helpDesk: string[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    helpDesk.push(body);
    response.writeHead(204).end();
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
t.teardown(() => server.close());

const centre = await startCentre(t, {
  config: {
    outgoing: { hosts: ['127.0.0.1'], privateNetworks: ['127.0.0.0/8'] },
    environment: {
      check: 'required',
      measuredSeconds: seconds,
      whenFailed: 'own-telephone',
      limits: { browsers: { Robot: 1 }, jitterMs: 100 },
      helpDesk: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/reports`, mail: 'help@example.com' },
    },
  },
});
const { engawa } = centre;
const administrator = await addAdministrator(engawa);
const impairment: Impairment = {};
const hanako = await centre.desk('hanako', 660, { impairment });

/** What the browser of a good desk says, for a line on which so much arrives. */
const claimsWith = (received: number) => ({
  line: {
    samples: [0, received].map((packetsReceived, at) => ({
      ...{ atMs: at * seconds * 1000, packetsReceived, packetsLost: 0, jitterMs: 3, roundTripMs: 15 },
    })),
    candidate: 'host',
    protocol: 'udp',
  },
  reach: [{ way: 'direct-udp', reached: true, afterMs: 12 }],
  microphone: { permission: 'granted', peakDb: -14, muted: false },
  browser: { name: 'Robot', version: 1, system: 'House', systemVersion: '1' },
});

/** As the page does it: begins, is called, counts, tells. */
async function check(desk: RobotDesk): Promise<EnvironmentCheckView> {
  const begun = await desk.rest<BegunCheck>('POST', '/api/v1/desk/environment/checks');
  if (begun.status !== 201) throw new Error(JSON.stringify(begun));
  const line = await eventually(
    'the softphone is called for it',
    () => desk.lines.find(({ callId, purpose }) => callId === begun.body.callId && purpose === 'measure'),
    patience,
  );
  await eventually('the server ends the line', () => line.state === 'ended', patience);
  const received = line.media.packetsReceived();
  const path = `/api/v1/desk/environment/checks/${begun.body.id}`;
  const done = await desk.rest<EnvironmentCheckView>('PUT', path, claimsWith(received));
  if (done.status !== 200) throw new Error(JSON.stringify(done));
  return done.body;
}

const itemOf = (result: EnvironmentCheckView, name: string) => result.items.find(({ item }) => item === name);
const rowOf = async (login: string) => {
  const { items } = await engawa.get<{ items: AgentRow[] }>('/api/v1/agents');
  return items.find(({ person }) => person.login === login)!;
};

t.test('who works at home and has made no check cannot become available, and is told why', async (t) => {
  const refused = await hanako.rest('PUT', '/api/v1/desk/state', { state: 'available' });
  t.match(refused, { status: 409, body: { code: 'environment-check-needed' } });
  t.match(hanako.view.environment, { state: 'never', required: true, byTelephone: false });
});

t.test('a good line passes: both ways measured, nothing recorded, and calls come', async (t) => {
  const result = await check(hanako);
  t.match(result, { passed: true, state: 'passed', line: { codec: 'PCMU', up: {}, down: {} } });
  const { up, down, roundTrip } = result.line!;
  t.ok(up!.packets > seconds * 15 && up!.packets < seconds * 65, `${up!.packets} packets came here in ${seconds} s`);
  t.ok(up!.lossPercent < 1.5, `${up!.lossPercent} % lost`);
  t.ok(down!.packets > seconds * 40, `${down!.packets} packets of music came there`);
  t.ok(up!.mos > 3.6, `MOS ${up!.mos}`);
  t.ok(roundTrip && roundTrip.meanMs < 300, JSON.stringify(roundTrip));
  await centre.atRest();
  t.same(await engawa.get('/api/v1/recordings'), { items: [], nextCursor: null });
  t.same(await engawa.get('/api/v1/calls'), { items: [], nextCursor: null }, 'no call was made of it');
  await hanako.setState('available');
  await hanako.inState('available');
  t.match(await hanako.rest('POST', '/api/v1/desk/environment/checks'), {
    status: 409,
    body: { code: 'check-not-now' },
  });
  const customer = await centre.callIn(numbers.product, 440);
  await hanako.answer(await hanako.rings());
  await hanako.shows('connected', ({ call }) => call?.state === 'connected');
  t.match(
    await hanako.rest('POST', '/api/v1/desk/environment/checks'),
    { status: 409, body: { code: 'check-not-now' } },
    'not during a call',
  );
  await hanako.command('hangup');
  await hanako.setState('not-ready', 'test');
  await hanako.inState('not-ready');
  await eventually('the customer is told', () => customer.state === 'ended', patience);
  await centre.atRest();
});

t.test('one packet in ten is lost: measured as such, not passed, no call', async (t) => {
  impairment.lossEvery = 10;
  const result = await check(hanako);
  impairment.lossEvery = 0;
  const { up, down } = result.line!;
  t.ok(Math.abs(up!.lossPercent - 10) <= 3, `${up!.lossPercent} % lost of 10`);
  t.equal(down!.lossPercent, 0, 'the other way loses nothing by it');
  t.match(itemOf(result, 'loss'), { outcome: 'bad', source: 'measured', limit: 2 });
  t.match(itemOf(result, 'loss')?.words.en, /of the packets were lost; no more than 2 will do/);
  t.match(result, { passed: false, state: 'failed' });
  const refused = await hanako.rest('PUT', '/api/v1/desk/state', { state: 'available' });
  t.match(refused, { status: 409, body: { code: 'environment-check-needed' } });
  t.match((await rowOf('hanako')).environment, { state: 'failed', required: true });
  const { person } = await rowOf('hanako');
  const call = { reason: 'product-question', piiClass: 'none' };
  const explained = await administrator.rest('POST', '/api/v1/policy/explain', { personId: person.id, call });
  t.match(explained, {
    status: 200,
    body: { allowed: false, rule: 'environment-check', because: { en: /the check before the shift was not passed/ } },
  });
});

t.test('a supervisor sees all checks with their figures; a colleague sees none', async (t) => {
  const { items } = await engawa.get<{ items: EnvironmentCheckView[] }>(
    `/api/v1/environment-checks?personId=${hanako.personId}`,
  );
  t.same(
    items.map(({ passed }) => passed),
    [false, true],
    'newest first',
  );
  const taro = await centre.desk('taro', 550, { withoutPhone: true });
  t.equal((await taro.rest('GET', '/api/v1/environment-checks')).status, 403);
  t.equal((await taro.rest('GET', `/api/v1/environment-checks/${items[0]!.id}`)).status, 404);
  t.equal((await taro.rest('GET', `/api/v1/environment-checks/${items[0]!.id}/report`)).status, 404);
  t.match(
    await taro.rest('PUT', '/api/v1/desk/state', { state: 'available' }),
    {
      body: { code: 'softphone-away' },
    },
    'in the centre it is not asked for',
  );
});

t.test(
  'the report: JSON, text and HTML in both languages, the login and figures and nothing else of the person',
  async (t) => {
    const { items } = await engawa.get<{ items: EnvironmentCheckView[] }>('/api/v1/environment-checks');
    const path = `/api/v1/environment-checks/${items[0]!.id}/report`;
    const read = async (query: string) => (await engawa.getAs('midori', `${path}?${query}`)).toString();
    const json = await read('format=json');
    const html = await read('format=html&language=ja');
    const text = await read('format=text&language=en');
    t.match(JSON.parse(json), { login: 'hanako', passed: false, items: [], line: { codec: 'PCMU' } });
    t.match(html, /<html lang="ja">[\s\S]*就業前の環境確認: 不合格[\s\S]*パケット損失/);
    t.match(text, /Check before the shift: not passed[\s\S]*× Lost packets \[required\]/);
    for (const one of [json, html, text]) {
      t.notMatch(one, /127\.0\.0\.1/, 'no address');
      t.notOk(one.includes((await rowOf('hanako')).person.displayName), 'no name');
    }
    const sent = await hanako.rest<{ sent: boolean; text: string }>(
      'POST',
      `/api/v1/environment-checks/${items[0]!.id}/send`,
      { language: 'en' },
    );
    t.match(sent, { status: 200, body: { sent: true, text: /Lost packets/ } });
    t.match(JSON.parse(helpDesk[0] ?? '{}'), { report: { login: 'hanako' }, text: sent.body.text });
  },
);

t.test('who has an own telephone goes on with that; a new check brings the browser back', async (t) => {
  await administrator.rest('PUT', `/api/v1/users/${hanako.personId}/telephone`, { number: '080-5555-7788' });
  await hanako.shows('the telephone', ({ device }) => device === 'telephone');
  t.match(await hanako.rest('PUT', '/api/v1/desk/device', { device: 'browser' }), {
    status: 403,
    body: { code: 'telephone-only' },
  });
  await hanako.setState('available');
  centre.carrier.next({ answer: { toneHz: 550 } });
  const before = centre.carrier.called.length;
  const customer = await centre.callIn(numbers.product, 440);
  const { customer: telephone } = await eventually(
    'the telephone rings',
    () => centre.carrier.called[before],
    patience,
  );
  await eventually(
    'it is told to press 1',
    () => telephone.rtp.pcm(300).some((value) => Math.abs(value) > 200),
    patience,
  );
  await telephone.digits('1');
  const desk = await hanako.shows(
    'connected',
    ({ call }) => call?.state === 'connected' && call.device === 'telephone',
  );
  await hanako.rest('POST', `/api/v1/calls/${desk.call!.id}/commands/hangup`);
  await hanako.setState('not-ready', 'test');
  await hanako.inState('not-ready');
  await eventually('the customer is told', () => customer.state === 'ended', patience);
  await centre.atRest();
  t.match(await check(hanako), { passed: true });
  await hanako.shows(
    'the browser again',
    ({ device, environment }) => device === 'browser' && environment?.state === 'passed',
  );
});

t.test('who did it is in the audit log, and was told on the feed', async (t) => {
  const told = hanako.feed.flatMap(({ data }) => (data.type === 'environment-checked' ? [data] : []));
  t.match(told[0], { personId: hanako.personId, passed: true, network: String });
  t.equal(told[1]?.['passed'], false);
  const log = await administrator.rest<{ items: { act: string }[] }>('GET', '/api/v1/audit?act=environment-checked');
  t.equal(log.status, 200);
  t.ok(log.body.items.length >= 3);
});
