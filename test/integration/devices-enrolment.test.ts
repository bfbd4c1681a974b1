// How a device is let in, proves itself for each session, and is shut out again: on the real API and a real database.

import { randomBytes } from 'node:crypto';
import t from 'tap';
import { deviceSite } from '../support/centre/device-site.ts';
import { createSoftwareDevice, signed } from '../support/centre/software-device.ts';

const minute = 60_000;
const site = await deviceSite(t, {
  rules:
    'rules: { known: { for: { role: agent }, needs: { device: [enrolled, managed] }, otherwise: block-sign-in } }\n',
});
const device = createSoftwareDevice();
const midori = await site.enter('midori');

t.test('who is asked for a device gets nothing but that, until it has proven itself', async (t) => {
  const hanako = await site.enter('hanako');
  t.equal(hanako.signedIn.status, 403);
  t.match(hanako.signedIn.body, { code: 'device-needed', device: { csrfToken: String } });
  t.notOk('person' in hanako.signedIn.body, 'not even the own name is told');
  for (const path of ['/session', '/desk', '/queues', '/home-work', '/feed']) {
    const { status, body } = await hanako.rest('GET', path);
    t.equal(status, 403, path);
    t.equal(body.code, 'device-needed', path);
  }
  t.match((await hanako.rest('GET', '/session/device')).body, { device: null, proven: false });
});

t.test('who has no device is told why and whom to ask, with the reference that is in the audit log', async (t) => {
  const hanako = await site.enter('hanako');
  site.acts();
  const { body } = await hanako.rest('POST', '/session/device/refusal');
  t.match(body, {
    reference: /^[A-Z2-9]{4}-[A-Z2-9]{4}$/,
    because: [{ ja: 'この端末は登録されていません', en: 'this device is not enrolled' }],
    contact: { ja: '情報システム部 内線1234', en: 'IT help desk on 1234' },
  });
  t.match(site.acts(), [{ act: 'device-refused', outcome: 'refused', reference: body.reference, rules: 'known' }]);
  t.equal(
    (await hanako.rest('POST', '/session/device/refusal')).body.reference,
    body.reference,
    'the same when asked again',
  );
});

t.test(
  'a request waits until a supervisor approves it; then the device proves itself and the page opens',
  async (t) => {
    const hanako = await site.enter('hanako');
    const asked = await device.enrol(hanako.rest, { name: 'Hanako at home' });
    t.equal(asked.status, 202);
    t.match(asked.body, { device: { state: 'requested' }, proven: false });
    t.equal((await device.prove(hanako.rest)).status, 403, 'it is not let in yet');
    t.match((await midori.rest('GET', '/devices?state=requested')).body.items, [
      { id: device.id, name: 'Hanako at home', person: { displayName: 'hanako' }, system: 'chrome 131, linux' },
    ]);
    t.match((await midori.rest('POST', `/devices/${device.id}/approval`, { state: 'enrolled' })).body, {
      code: 'step-up-needed',
    });
    await midori.steppedUp();
    site.acts();
    const approved = await midori.rest('POST', `/devices/${device.id}/approval`, { state: 'enrolled' });
    t.match(approved.body, { state: 'enrolled', enrolledBy: 'midori', provesBy: 'key' });
    t.match(site.acts(), [{ act: 'device-enrolled', by: 'approval', state: 'enrolled' }]);
    t.equal((await device.prove(hanako.rest)).status, 204);
    t.match((await hanako.rest('GET', '/session')).body, { person: { login: 'hanako' } });
    t.match((await hanako.rest('GET', '/session/device')).body, { device: { id: device.id }, proven: true });
    t.equal((await midori.rest('POST', `/devices/${device.id}/approval`, { state: 'managed' })).status, 409);
  },
);

t.test('a one-time code lets one device in at once, the person it is for, and nobody a second time', async (t) => {
  await midori.steppedUp();
  const personId = site.people.taro.id;
  const { code } = (await midori.rest('POST', '/device-codes', { state: 'managed', personId })).body;
  t.match(code, /^[A-Z2-9]{5}-[A-Z2-9]{5}$/);
  const hanako = await site.enter('hanako');
  t.match(
    (await createSoftwareDevice().enrol(hanako.rest, { code })).body,
    { code: 'device-code-wrong' },
    'another person',
  );
  const taro = await site.enter('taro');
  const own = createSoftwareDevice();
  t.match((await own.enrol(taro.rest, { code: code.toLowerCase().replace('-', ' ') })).body, {
    device: { state: 'managed' },
    proven: true,
  });
  t.equal((await taro.rest('GET', '/session')).status, 200, 'it has proven itself by that');
  t.match((await createSoftwareDevice().enrol(taro.rest, { code })).body, { code: 'device-code-wrong' });
  const late = (await midori.rest('POST', '/device-codes', { state: 'enrolled', validMinutes: 1 })).body.code;
  site.clock.advance(minute);
  t.match((await createSoftwareDevice().enrol(taro.rest, { code: late })).body, { code: 'device-code-wrong' });
});

t.test('a proof is good once, for its own session, for a minute, and by its own key', async (t) => {
  const hanako = await site.enter('hanako');
  const { challenge, sessionId } = await device.challenge(hanako.rest);
  const signature = signed(device.privateKey, { challenge, sessionId, deviceId: device.id! });
  const proof = { deviceId: device.id, challenge, signature };
  const other = await site.enter('hanako');
  site.acts();
  t.equal((await other.rest('POST', '/session/device/proof', proof)).status, 403, 'in another session');
  t.equal((await hanako.rest('POST', '/session/device/proof', proof)).status, 204);
  t.equal((await hanako.rest('POST', '/session/device/proof', proof)).status, 403, 'a second time');
  t.equal(
    (await device.prove(hanako.rest, { sessionId: 's_other' as never })).status,
    403,
    'signed for another session',
  );
  const own = randomBytes(32).toString('base64url');
  t.equal((await device.prove(hanako.rest, { challenge: own })).status, 403, 'over what nobody has asked for');
  const asked = await device.challenge(hanako.rest);
  site.clock.advance(minute);
  const late = signed(device.privateKey, { ...asked, deviceId: device.id! });
  const body = { deviceId: device.id, challenge: asked.challenge, signature: late };
  t.equal((await hanako.rest('POST', '/session/device/proof', body)).status, 403, 'too late');
  const thief = createSoftwareDevice();
  const stolen = await thief.challenge(hanako.rest);
  const forged = signed(thief.privateKey, { ...stolen, deviceId: device.id! });
  const claim = { deviceId: device.id, challenge: stolen.challenge, signature: forged };
  t.equal((await hanako.rest('POST', '/session/device/proof', claim)).status, 403, 'by another key');
  t.equal(site.acts().filter(({ act }) => act === 'device-refused').length, 6, 'each is in the audit log');
});

t.test('a device is of use to its own person alone, unless it is shared', async (t) => {
  const taro = await site.enter('taro');
  t.equal((await device.prove(taro.rest)).status, 403);
  await midori.steppedUp();
  await midori.rest('PATCH', `/devices/${device.id}`, { shared: true });
  t.equal((await device.prove(taro.rest)).status, 204);
  await midori.rest('PATCH', `/devices/${device.id}`, { shared: false });
  site.clock.advance(6000);
  t.match((await taro.rest('GET', '/session')).body, { code: 'device-needed' });
});

t.test('a proof grows old: the page proves its device again, and goes on', async (t) => {
  const hanako = await site.enter('hanako');
  await device.prove(hanako.rest);
  site.clock.advance(14 * minute);
  t.equal((await hanako.rest('GET', '/session')).status, 200);
  site.clock.advance(minute);
  t.match((await hanako.rest('GET', '/session')).body, { code: 'device-needed' });
  await device.prove(hanako.rest);
  t.equal((await hanako.rest('GET', '/session')).status, 200);
});

t.test('what is proven, and only that, is the fact of routing', async (t) => {
  const person = (await site.store.people.byId(site.people.hanako.id))!;
  await site.identity.endSessionsOf(person.id, 'revoked');
  t.match(await site.devices.provenOf(person), { device: undefined });
  const registered = { ...person, facts: { device: 'managed' as const } };
  t.equal((await site.devices.provenOf(registered)).device, undefined, 'what is registered counts for nothing');
  const hanako = await site.enter('hanako');
  await device.prove(hanako.rest);
  site.told.length = 0;
  await hanako.rest('GET', '/session');
  t.equal((await site.devices.provenOf(person)).device, 'enrolled');
  t.ok(site.told.includes(person.id), 'routing is told');
  await midori.steppedUp();
  await midori.rest('PATCH', `/devices/${device.id}`, { state: 'managed' });
  t.equal((await site.devices.provenOf(person)).device, 'managed');
  site.clock.advance(15 * minute);
  t.equal((await site.devices.provenOf(person)).device, undefined, 'an old proof counts for nothing');
});

t.test(
  'a revoked device: its sessions are over at once, its browser forgets, its key is of no use any more',
  async (t) => {
    const hanako = await site.enter('hanako');
    await device.prove(hanako.rest);
    const away = await site.enter('hanako');
    await device.prove(away.rest);
    const ended: string[] = [];
    site.identity.onSessionEnded(({ session }) => void ended.push(session.id));
    site.acts();
    const revoked = await midori.rest('POST', `/devices/${device.id}/revocation`, { why: 'left on a train' });
    t.match(revoked.body, { device: { state: 'revoked', why: 'left on a train', endedBy: 'midori', sessions: 0 } });
    t.ok(revoked.body.ended >= 2);
    t.equal(ended.length, revoked.body.ended);
    t.match(
      site.audited.filter(({ act }) => act === 'device-revoked'),
      [{ purpose: 'left on a train', target: { kind: 'device', id: device.id }, details: { sessions: /s_.+, s_.+/ } }],
    );
    for (const { rest } of [hanako, away]) {
      const { status, body, headers } = await rest('GET', '/session');
      t.equal(status, 401);
      t.equal(body.code, 'device-revoked');
      t.equal(headers['clear-site-data'], '"cache", "cookies", "storage"');
    }
    const again = await site.enter('hanako');
    t.equal((await device.prove(again.rest)).status, 403);
    t.equal((await device.enrol(again.rest)).status, 403, 'nor is it let in again');
    t.equal((await midori.rest('POST', `/devices/${device.id}/revocation`, {})).status, 409);
  },
);

t.test('weeks later, without a session, the browser is told to forget all the same', async (t) => {
  const answer = await site.app.inject({
    ...{ method: 'GET', url: '/api/v1/session', cookies: { engawa_device: device.id! } },
  });
  t.equal(answer.statusCode, 401);
  t.equal(answer.headers['clear-site-data'], '"cache", "cookies", "storage"');
  const other = await site.app.inject({ method: 'GET', url: '/api/v1/session', cookies: { engawa_device: 'd_none' } });
  t.notOk(other.headers['clear-site-data']);
});

t.test('an agent lets nobody in, an auditor looks only, and a program may revoke', async (t) => {
  await site.identity.createPerson({
    ...{ login: 'kansa', displayName: 'kansa', role: 'auditor', place: 'centre', clearance: 'none', queues: [] },
    ...{ language: 'ja', password: 'correct horse battery' },
  });
  const auditor = await site.enter('kansa');
  t.equal((await auditor.rest('GET', '/devices')).status, 200);
  t.equal((await auditor.rest('POST', `/devices/${device.id}/revocation`, {})).status, 403);
  const taro = await site.enter('taro');
  t.equal((await taro.rest('GET', '/devices')).status, 403);
  const headers = { authorization: site.bearer };
  const made = await site.app.inject({
    method: 'POST',
    url: '/api/v1/device-codes',
    headers,
    payload: { state: 'managed' },
  });
  t.equal(made.statusCode, 403);
  const [row] = await site.store.devices.list({ state: 'managed' });
  const url = `/api/v1/devices/${row!.id}/revocation`;
  t.equal((await site.app.inject({ method: 'POST', url, headers, payload: {} })).statusCode, 200);
});
