// Hearing recordings by REST: by rule, with step-up, purpose and an audit entry, bytes only for the session that asked; keys of
// listeners; and the server's own streaming in ranges where it has an identity.

import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import t from 'tap';
import { newId, type PersonId } from '../../src/shared/ids.ts';
import { listen } from '../support/recording/opened-audio.ts';
import { playbackBench } from '../support/recording/playback-bench.ts';
import { filesBelow } from '../support/recording/recording-bench.ts';

t.setTimeout(180_000);

const complaint = { purpose: 'complaint' };

t.test('a supervisor hears a recording after step-up, with a purpose, and it is in the audit log first', async (t) => {
  const { record, ask, signIn, stepUp, rows, people, privateKey } = await playbackBench(t);
  const { recordingId, callId } = await record({ queue: 'orders', personId: people.hanako.id });
  const midori = await signIn('midori');
  const plays = `/recordings/${recordingId}/plays`;

  // Signing in may count as a proof for a while: an older one does not.
  const sessions = await rows.sessions.ofPerson(people.midori.id);
  t.equal(sessions.length, 1);
  const listed = (await ask(midori, 'GET', '/playback/recordings')).json().items;
  t.match(listed, [
    {
      ...{ id: recordingId, callId, kind: 'call', direction: 'inbound', queue: 'orders', reason: 'delivery' },
      ...{ alias: 'A-1234', state: 'complete', durationMs: 1000, mayHear: true, sealedToMe: false },
      people: [{ id: people.hanako.id, displayName: 'hanako' }],
    },
  ]);
  const early = await ask(midori, 'POST', plays, complaint);
  if (sessions[0]!.steppedUpAt === undefined) {
    t.equal(early.statusCode, 403);
    t.equal(early.json().code, 'step-up-needed');
  }
  await stepUp(midori);
  for (const nothing of [
    { purpose: '' },
    { purpose: 'curiosity' },
    { purpose: 'other' },
    { purpose: 'other', note: ' x ' },
  ])
    t.match((await ask(midori, 'POST', plays, nothing)).json(), { status: 400, code: 'purpose-needed' });
  t.strictSame(
    (await rows.audit.search({ acts: ['recording-played'] })).length,
    early.statusCode === 201 ? 1 : 0,
    'what was refused was not played',
  );

  const play = await ask(midori, 'POST', plays, { purpose: 'other', note: 'the customer called again' });
  t.equal(play.statusCode, 201, play.body);
  const { token, parts, opens, watermark } = play.json();
  t.equal(opens, 'page', 'the server has no key');
  t.match(watermark, { person: 'midori (midori)', address: '127.0.0.1' });
  const [entry] = await rows.audit.search({ acts: ['recording-played'] });
  t.match(entry, {
    ...{ outcome: 'done', personId: people.midori.id, target: { kind: 'recording', id: recordingId } },
    details: { purpose: 'other: the customer called again', address: '127.0.0.1' },
  });

  t.equal(parts.length, 1);
  const sealed = await ask(midori, 'GET', `/recordings/${recordingId}/parts/0?play=${token}`);
  t.equal(sealed.statusCode, 200);
  t.equal(sealed.headers['cache-control'], 'no-store');
  t.equal(sealed.rawPayload.length, parts[0].bytes);
  const decrypter = new Decrypter();
  decrypter.addIdentity(privateKey);
  const heard = listen(Buffer.from(await decrypter.decrypt(new Uint8Array(sealed.rawPayload))));
  t.ok(heard.level('left', 440, 200, 800) > 6000 && heard.level('right', 660, 200, 800) > 6000, 'it sounds');

  // The token is this session's, for this recording.
  await stepUp(midori);
  const again = await signIn('midori');
  const other = await record({ queue: 'orders' });
  for (const [headers, path] of [
    [again, `/recordings/${recordingId}/parts/0?play=${token}`],
    [midori, `/recordings/${other.recordingId}/parts/0?play=${token}`],
    [midori, `/recordings/${recordingId}/parts/0?play=${token.slice(0, -2)}`],
  ] as const)
    t.match((await ask(headers, 'GET', path)).json(), { code: 'play-over' }, path.slice(0, 30));
  t.equal((await ask({}, 'GET', `/recordings/${recordingId}/parts/0?play=${token}`)).statusCode, 401);
  t.equal((await ask(midori, 'GET', `/recordings/${recordingId}/parts/7?play=${token}`)).statusCode, 404);

  const root = await signIn('root-admin');
  const played = (await ask(root, 'GET', plays)).json().items;
  t.match(played[0], { displayName: 'midori', purpose: 'other', note: 'the customer called again', outcome: 'done' });
  t.equal((await ask(midori, 'GET', plays)).statusCode, 403, 'who listened is for administrators and auditors');
});

t.test('rules, scopes and states decide, and what was reached for and refused is kept', async (t) => {
  const { record, ask, signIn, stepUp, people, rows } = await playbackBench(t, {
    rules: [
      { roles: ['supervisor'], queues: ['orders'] },
      { roles: ['agent'], of: 'themselves', kinds: ['call'] },
      { roles: ['agent'], queues: ['support'], kinds: ['message'] },
    ],
  });
  const own = await record({ queue: 'orders', personId: people.hanako.id });
  const others = await record({ queue: 'support', personId: people.taro.id, reason: 'repair' });
  const message = await record({ queue: 'orders', personId: people.taro.id, mailbox: 'desk' });
  const underWay = await record({ queue: 'orders', finish: false });
  const seen = async (headers: Record<string, string>, query = '') =>
    (await ask(headers, 'GET', `/playback/recordings${query}`))
      .json()
      .items.map(({ id, mayHear }: { id: string; mayHear: boolean }) => (mayHear ? id : `not ${id}`));
  const hanako = await signIn('hanako');
  const taro = await signIn('taro');
  const midori = await signIn('midori');
  for (const headers of [hanako, taro, midori]) await stepUp(headers);

  t.strictSame(
    await seen(hanako),
    [message.recordingId, own.recordingId],
    'agents: own calls, and messages of a queue',
  );
  t.strictSame(await seen(taro), [message.recordingId, others.recordingId]);
  t.strictSame(
    await seen(midori),
    [`not ${message.recordingId}`, `not ${others.recordingId}`, own.recordingId],
    'a supervisor sees that there are others',
  );
  t.strictSame(await seen(midori, '?queue=support'), [`not ${others.recordingId}`]);
  t.strictSame(await seen(midori, '?reason=repair'), [`not ${others.recordingId}`]);
  t.strictSame(await seen(midori, '?kind=message'), [`not ${message.recordingId}`]);
  t.strictSame(await seen(midori, `?personId=${people.hanako.id}`), [own.recordingId]);
  t.strictSame(await seen(midori, '?alias=A-9999'), []);
  t.strictSame(await seen(midori, `?to=${Date.now() - 3_600_000}`), []);

  const play = async (headers: Record<string, string>, id: string) =>
    (await ask(headers, 'POST', `/recordings/${id}/plays`, complaint)).statusCode;
  t.equal(await play(hanako, own.recordingId), 201);
  t.equal(await play(hanako, message.recordingId), 201);
  t.equal(await play(hanako, others.recordingId), 404, 'as if it were not there');
  t.equal(await play(midori, others.recordingId), 404);
  t.equal(await play(midori, underWay.recordingId), 409);
  t.equal(await play(midori, newId('recording')), 404);
  t.match(await rows.audit.search({ acts: ['recording-played'], outcome: 'refused' }), [
    { personId: people.midori.id, target: { id: others.recordingId } },
    { personId: people.hanako.id, target: { id: others.recordingId } },
  ]);
  t.match(await rows.audit.search({ acts: ['voicemail-played'] }), [
    { personId: people.hanako.id, target: { kind: 'voicemail', id: message.recordingId }, outcome: 'done' },
  ]);

  // Allowed a moment ago, not any more.
  const { token } = (await ask(hanako, 'POST', `/recordings/${message.recordingId}/plays`, complaint)).json();
  const bytes = () => ask(hanako, 'GET', `/recordings/${message.recordingId}/parts/0?play=${token}`);
  t.equal((await bytes()).statusCode, 200);
  t.strictSame((await ask(midori, 'GET', '/playback')).json().opens, 'page');
});

t.test('nothing is played when it cannot be kept that it is', async (t) => {
  const away = { write: () => Promise.reject(new Error('the database is away')) };
  for (const audit of [away, 'none' as const]) {
    const { record, ask, signIn, stepUp, rows } = await playbackBench(t, { audit: 'none' === audit ? audit : away });
    const { recordingId } = await record({ queue: 'orders' });
    const midori = await signIn('midori').catch(() => undefined);
    if (!midori) {
      t.pass('nobody comes in either');
      continue;
    }
    await stepUp(midori).catch(() => undefined);
    const [session] = await rows.sessions.ofPerson((await rows.people.byLogin('midori'))!.id as PersonId);
    t.ok(session);
    const refused = await ask(midori, 'POST', `/recordings/${recordingId}/plays`, complaint);
    t.notOk([200, 201].includes(refused.statusCode), `${refused.statusCode}`);
    t.notOk(refused.json().token);
  }
});

t.test(
  'a key is registered by its owner, approved by somebody else, and recordings are sealed to it from then on',
  async (t) => {
    const { record, ask, signIn, stepUp, people, rows } = await playbackBench(t, {
      rules: [{ roles: ['supervisor'], queues: ['orders'] }, { roles: ['administrator'] }],
    });
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    const key = { name: 'Office', kind: 'file', recipient };
    const midori = await signIn('midori');
    const root = await signIn('root-admin');
    const hanako = await signIn('hanako');
    for (const headers of [midori, root, hanako]) await stepUp(headers);
    t.equal((await ask(hanako, 'POST', '/listening-keys/own', key)).statusCode, 403, 'not for whom no rule is');
    const registered = await ask(midori, 'POST', '/listening-keys/own', key);
    t.equal(registered.statusCode, 201, registered.body);
    const { id } = registered.json();
    t.equal((await ask(root, 'POST', '/listening-keys/own', key)).statusCode, 409, 'one key, one person');
    for (const wrong of [
      { ...key, recipient: 'AGE-SECRET-KEY-1ABC' },
      { ...key, recipient: 'age1yz' + '='.repeat(3) },
      { ...key, kind: 'passkey' },
      { ...key, sealedIdentity: 'AAAA', credential: 'AGE-PLUGIN-FIDO2PRF-1QQ' },
    ])
      t.equal((await ask(midori, 'POST', '/listening-keys/own', wrong)).statusCode, 400);

    const before = await record({ queue: 'orders' });
    t.equal((await ask(midori, 'POST', `/listening-keys/${id}/commands/approve`)).statusCode, 403);
    const approved = await ask(root, 'POST', `/listening-keys/${id}/commands/approve`);
    t.match(approved.json(), { id, displayName: 'midori', approvedAt: Number });
    t.equal((await ask(root, 'POST', `/listening-keys/${id}/commands/approve`)).statusCode, 404, 'once');
    const orders = await record({ queue: 'orders' });
    const support = await record({ queue: 'support' });
    const sealedTo = async ({ recordingId }: typeof orders) => (await rows.recordings.byId(recordingId))!.recipients;
    t.notOk((await sealedTo(before)).includes(recipient), 'not what was before');
    t.ok((await sealedTo(orders)).includes(recipient));
    t.notOk((await sealedTo(support)).includes(recipient), 'and only what may be heard');
    const { token } = (await ask(midori, 'POST', `/recordings/${orders.recordingId}/plays`, complaint)).json();
    const sealed = await ask(midori, 'GET', `/recordings/${orders.recordingId}/parts/0?play=${token}`);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    t.ok((await decrypter.decrypt(new Uint8Array(sealed.rawPayload))).length > 1000);
    t.match((await ask(midori, 'GET', '/playback/recordings')).json().items, [
      { id: support.recordingId, sealedToMe: false },
      { id: orders.recordingId, sealedToMe: true },
      { id: before.recordingId, sealedToMe: false },
    ]);

    const own = await ask(root, 'POST', '/listening-keys/own', {
      ...key,
      recipient: await identityToRecipient(await generateX25519Identity()),
    });
    t.match((await ask(root, 'POST', `/listening-keys/${own.json().id}/commands/approve`)).json(), {
      code: 'four-eyes',
    });
    t.equal((await ask(midori, 'DELETE', `/listening-keys/${own.json().id}`)).statusCode, 404, 'somebody else’s');
    t.equal((await ask(midori, 'DELETE', `/listening-keys/${id}`)).statusCode, 204);
    t.notOk((await sealedTo(await record({ queue: 'orders' }))).includes(recipient), 'not after its end');
    const acts = ['listening-key-added', 'listening-key-approved', 'listening-key-ended'];
    const kept = await rows.audit.search({ acts, oldestFirst: true });
    t.strictSame(
      kept.map(({ act, personId }) => [act, personId]),
      [
        ['listening-key-added', people.midori.id],
        ['listening-key-approved', people.root.id],
        ['listening-key-added', people.root.id],
        ['listening-key-ended', people.midori.id],
      ],
    );
    t.equal((await ask(midori, 'GET', '/listening-keys')).statusCode, 403);
    t.equal((await ask(root, 'GET', '/listening-keys')).json().items.length, 2);
  },
);

t.test('with an identity the server streams what it opens, in ranges, and nothing of it is on a disk', async (t) => {
  const { record, ask, signIn, stepUp, openWithUs, folder } = await playbackBench(t, { serverOpens: true });
  const { recordingId } = await record({ queue: 'orders', ms: 60_000 });
  const whole = Buffer.from((await openWithUs(recordingId)).ogg);
  t.ok(whole.length > 2 * 65_536, 'several chunks');
  const midori = await signIn('midori');
  await stepUp(midori);
  const play = (await ask(midori, 'POST', `/recordings/${recordingId}/plays`, complaint)).json();
  t.match(play, { opens: 'server', parts: [] });
  const url = `/recordings/${recordingId}/audio?play=${play.token}`;
  const audio = (range?: string, method: 'GET' | 'HEAD' = 'GET') =>
    ask({ ...midori, ...(range ? { range } : {}) }, method, url);

  const all = await audio();
  t.equal(all.statusCode, 200);
  t.match(all.headers, {
    ...{ 'accept-ranges': 'bytes', 'cache-control': 'no-store', 'content-length': String(whole.length) },
    'content-type': 'audio/ogg; codecs=opus',
  });
  t.strictSame(all.rawPayload, whole);
  const head = await audio('bytes=0-9', 'HEAD');
  t.equal(head.statusCode, 200);
  t.equal(head.headers['content-length'], String(whole.length));
  t.equal(head.rawPayload.length, 0);

  const last = whole.length - 1;
  for (const [from, to] of [
    [0, 0],
    [0, 65_535],
    [65_535, 65_536],
    [65_536, 131_071],
    [100, last],
    [last, last],
    [70_000, 140_000],
  ] as const) {
    const part = await audio(`bytes=${from}-${to}`);
    t.equal(part.statusCode, 206);
    t.equal(part.headers['content-range'], `bytes ${from}-${to}/${whole.length}`);
    t.ok(part.rawPayload.equals(whole.subarray(from, to + 1)), `${from}-${to}`);
  }
  t.ok((await audio('bytes=-100')).rawPayload.equals(whole.subarray(-100)));
  for (const range of [`bytes=${whole.length}-`, 'bytes=0-1,5-6', 'bytes=-0']) {
    const refused = await audio(range);
    t.equal(refused.statusCode, 416, range);
    t.equal(refused.headers['content-range'], `bytes */${whole.length}`);
  }
  const many = await Promise.all(Array.from({ length: 20 }, (_, index) => audio(`bytes=${index * 1000}-`)));
  t.ok(
    many.every(({ rawPayload }, index) => rawPayload.equals(whole.subarray(index * 1000))),
    'many at once',
  );
  t.equal((await ask({}, 'GET', url)).statusCode, 401);
  t.equal((await ask(midori, 'GET', `/recordings/${recordingId}/audio?play=x`)).statusCode, 403);
  t.notOk(
    filesBelow(folder).some(({ bytes }) => bytes.includes('OggS')),
    'no plaintext in the folder',
  );
});
