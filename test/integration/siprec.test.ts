// A company's own recording server, played by a party that speaks SIP and SRTP as the test tells it: it hears both sides of the call, each
// on its stream, knows who is in the call, and costs the call nothing when it is gone.

import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { followRecordings, type RecordingServerSettings } from '../../src/call/siprec/recording-server.ts';
import { writeMetadata } from '../../src/protocol/siprec/metadata.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createEmitter } from '../../src/shared/emitter.ts';
import type { EngawaEvent, NewEvent } from '../../src/shared/events.ts';
import { newId, type PersonId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';
import { faultsOf, partsOf, take } from '../support/recording/srs-party.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { ownServer, startBorderRig } from '../support/sip/border-rig.ts';
import { createTlsParty, createUdpParty, newTag, responseText } from '../support/sip/sip-party.ts';

t.setTimeout(120_000);

const host = '127.0.0.1';
const certificate = makeCertificate();
const tlsBeside = ['udp/127.0.0.1:0', 'tcp/127.0.0.1:0', 'ws/127.0.0.1:0', 'tls/127.0.0.1:0'];

/** `tls` is the recording server's certificate; `ca` whom we trust, its own unless told. */
async function bench(
  t: Test,
  { tls, ca, ...settings }: Partial<RecordingServerSettings> & { tls?: typeof certificate; ca?: string } = {},
) {
  const rig = await startBorderRig(
    tls ? { server: { sip: tlsBeside, tls: certificate, layer: { clientTls: { ca: ca ?? tls.cert } } } } : {},
  );
  t.teardown(() => rig.close());
  const srs = tls ? await createTlsParty(tls, host) : await createUdpParty(rig.sip, host);
  t.teardown(() => srs.close());
  const recording = await recordingBench(t);
  const live = createEmitter<{ event: EngawaEvent }>(() => {});
  const kept: NewEvent[] = [];
  const tell = (event: NewEvent) => live.emit('event', { id: 'v', at: Date.now(), ...event } as unknown as EngawaEvent);
  const server = followRecordings({
    ...{
      clock: systemClock,
      log: silentLogger,
      recorder: recording.recorder,
      border: rig.border,
      domain: 'pbx.example',
    },
    events: {
      subscribe: (listener) => live.on('event', listener),
      append: async (event) => void kept.push(event as NewEvent) as never,
    },
    people: { byId: async () => undefined },
    settings: {
      ...{
        server: `sip:srs@${host}:${srs.port}${tls ? ';transport=tls' : ''}`,
        address: host,
        srtp: true,
        queues: [],
        reasons: [],
        agentNames: false,
      },
      ...settings,
    },
  });
  t.teardown(() => server.close());
  const callId = newId('call');
  const hanako = newId('person') as PersonId;

  /** A call in the queue `orders`, answered by an agent, being recorded. */
  async function begin() {
    tell({ type: 'call-started', callId, direction: 'inbound', alias: 'K7Q4-M2XD', companyNumber: '0120', trunk: 't' });
    tell({ type: 'queue-entered', callId, queue: 'orders' });
    tell({ type: 'agent-answered', callId, personId: hanako, legId: newId('leg'), place: 'home', ringMs: 1 });
    const { recordingId, tapUrl } = await recording.recorder.open({ callId, startedAt: Date.now() });
    const tap = await connectTap(tapUrl);
    tell({ type: 'recording-started', callId, recordingId });
    return { recordingId, tap };
  }
  return { ...recording, rig, srs, server, tell, kept, callId, hanako, begin };
}

t.test('the recording server hears both sides, each on its stream, and is told who is in the call', async (t) => {
  const { srs, begin, tell, callId, hanako, recorder, openWithUs, server } = await bench(t, { queues: ['orders'] });
  const { recordingId, tap } = await begin();
  const invite = await srs.nextRequest('INVITE');
  t.equal(invite.get('Require'), 'siprec');
  t.match(invite.get('Contact'), /;\+sip\.src/);
  t.match(invite.get('Content-Type'), /^multipart\/mixed/);
  const { sdp, xml } = partsOf(invite);
  t.equal(sdp.match(/m=audio \d+ RTP\/SAVP/g)?.length, 2);
  t.strictSame(
    [...sdp.matchAll(/a=label:(\S+)/g)].map(([, label]) => label),
    ['1', '2'],
  );
  t.strictSame(await faultsOf(xml), [], 'as the schema has it');
  t.match(xml, 'Content-Disposition: recording-session');
  t.match(xml, 'aor="sip:K7Q4-M2XD@pbx.example"', 'the customer under the alias');
  t.match(xml, `aor="sip:${hanako}@pbx.example"`);
  t.notMatch(invite.text, /\+81|0120/, 'no number of anybody');

  const [customer, agent] = await take(t, srs, invite);
  // What came while it was asked: metadata anew.
  const first = await srs.nextRequest('UPDATE');
  srs.send(responseText(first, 200));
  t.equal(first.get('Content-Type'), 'application/rs-metadata+xml');
  const playing = tap.play({ leftHz: 440, rightHz: 660, ms: 2500 });
  await eventually('both sides are heard', () => customer.hears().includes(440) && agent.hears().includes(660));
  await playing;
  t.strictSame([customer.hears(), agent.hears()], [[440], [660]], 'each on its own stream');
  t.equal(customer.state.refused + agent.state.refused, 0, 'sealed with the keys of the offer');
  t.equal(server.sending, 1);

  await recorder.setPaused(recordingId, true);
  const paused = tap.play({ leftHz: 440, rightHz: 660, ms: 1500 });
  await eventually(
    'silence while it is paused',
    () => customer.hears().length === 0 && customer.state.samples.every((one) => Math.abs(one) < 16),
  );
  await paused;
  await recorder.setPaused(recordingId, false);

  const taro = newId('person') as PersonId;
  tell({ type: 'agent-left', callId, personId: hanako, legId: newId('leg'), talkMs: 1, holdMs: 0 });
  const left = await srs.nextRequest('UPDATE');
  srs.send(responseText(left, 200));
  t.match(left.body, '<disassociate-time>', 'who left');
  t.strictSame(await faultsOf(left.body), []);
  tell({ type: 'agent-answered', callId, personId: taro, legId: newId('leg'), place: 'centre', ringMs: 1 });
  const joined = await srs.nextRequest('UPDATE');
  srs.send(responseText(joined, 200));
  t.match(joined.body, `sip:${taro}@pbx.example`, 'who came');
  t.strictSame(await faultsOf(joined.body), []);

  await tap.close();
  tell({ type: 'recording-stopped', callId, recordingId, durationMs: 1, bytes: 1 });
  const last = await srs.nextRequest('UPDATE');
  srs.send(responseText(last, 200));
  t.match(last.body, '<stop-time>');
  t.strictSame(await faultsOf(last.body), []);
  const bye = await srs.nextRequest('BYE');
  srs.send(responseText(bye, 200));
  await recorder.stop(recordingId);
  t.equal((await openWithUs(recordingId)).state, 'complete', 'our own recording is whole');
  await eventually('nothing is sent any more', () => server.sending === 0);
});

t.test('the schema refuses what the RFC does not have', async (t) => {
  const at = Date.UTC(2026, 0, 1);
  const [sessionId, party, stream] = [randomUUID(), randomUUID(), randomUUID()];
  const good = writeMetadata({
    ...{ sessionId, startedAt: at, endedAt: at + 1, sipSessionId: 'a;remote=b', streams: [{ id: stream, label: '1' }] },
    participants: [
      { ...{ id: party, aor: 'sip:A-1@pbx.example', name: '花子 & <B>' }, sends: '1', hears: [], joinedAt: at },
    ],
  });
  t.strictSame(await faultsOf(good), []);
  for (const [what, bad] of [
    ['another order', good.replace(/(<start-time>.*?<\/start-time>)(<stop-time>.*?<\/stop-time>)/, '$2$1')],
    ['a stream that is not there', good.replace(/<send>[^<]*/, `<send>${Buffer.alloc(16, 1).toString('base64')}`)],
    ['a time without a date', good.replace(/<stop-time>[^T]*T/, '<stop-time>')],
    ['a short id', good.replace(/stream_id="[^"]*"/, 'stream_id="AAAA"')],
    ['an element of ours', good.replace('<datamode>', '<queue>x</queue><datamode>')],
  ] as const) {
    t.not(bad, good);
    t.ok((await faultsOf(bad)).length > 0, what);
  }
});

t.test('a recording server that refuses is asked again, told of, and our recording goes on', async (t) => {
  const { srs, begin, tell, kept, callId, recorder, openWithUs } = await bench(t);
  const { recordingId, tap } = await begin();
  const refused = await srs.nextRequest('INVITE');
  srs.send(responseText(refused, 503, { tag: newTag() }));
  await srs.nextRequest('ACK');
  await eventually('it is told', () => kept.length > 0);
  t.match(kept, [{ type: 'recording-server-failed', callId, because: /503/ }]);
  await tap.send({ leftHz: 440, rightHz: 660, ms: 500 });
  const again = await srs.nextRequest('INVITE');
  t.not(again.get('Call-ID'), refused.get('Call-ID'));
  const [customer] = await take(t, srs, again);
  const update = await srs.nextRequest('UPDATE');
  srs.send(responseText(update, 200));
  const playing = tap.play({ leftHz: 440, rightHz: 0, ms: 2000 });
  await eventually('it hears the rest', () => customer.hears().includes(440));
  await playing;
  tell({ type: 'call-ended', callId, cause: 'normal', side: 'agent', durationMs: 1 });
  srs.send(responseText(await srs.nextRequest('UPDATE'), 200));
  srs.send(responseText(await srs.nextRequest('BYE'), 200));
  await tap.close();
  await recorder.stop(recordingId);
  t.equal((await openWithUs(recordingId)).state, 'complete');
});

t.test('calls of other queues are none of its business', async (t) => {
  const { srs, begin, recorder, tell, callId } = await bench(t, { queues: ['support'] });
  const { recordingId, tap } = await begin();
  await tap.send({ leftHz: 440, rightHz: 660, ms: 300 });
  tell({ type: 'recording-stopped', callId, recordingId, durationMs: 1, bytes: 1 });
  await tap.close();
  await recorder.stop(recordingId);
  t.strictSame(srs.received, []);
});

t.test('over TLS: the certificate is verified, and all that is said goes that way', ownServer, async (t) => {
  const { srs, begin, tell, callId, recorder, rig } = await bench(t, { tls: certificate });
  const { recordingId, tap } = await begin();
  const invite = await srs.nextRequest('INVITE');
  t.match(invite.get('Via'), /^SIP\/2\.0\/TLS /);
  t.match(partsOf(invite).sdp, /a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/);
  const [customer, agent] = await take(t, srs, invite);
  const first = await srs.nextRequest('UPDATE');
  srs.send(responseText(first, 200));
  const playing = tap.play({ leftHz: 440, rightHz: 660, ms: 2500 });
  await eventually('both sides are heard', () => customer.hears().includes(440) && agent.hears().includes(660));
  await playing;
  t.equal(customer.state.refused + agent.state.refused, 0, 'sealed with the keys of the offer');
  tell({ type: 'recording-stopped', callId, recordingId, durationMs: 1, bytes: 1 });
  for (const method of ['UPDATE', 'BYE']) srs.send(responseText(await srs.nextRequest(method), 200));
  t.strictSame(rig.carrier.received, [], 'nobody else was told');
  await tap.close();
  await recorder.stop(recordingId);
});

for (const [what, tls, ca] of [
  ['of an authority that we do not know', certificate, makeCertificate().cert],
  ['of another name', makeCertificate('srs.example.net'), undefined],
] as const)
  t.test(`a recording server with a certificate ${what} is told nothing`, ownServer, async (t) => {
    const { srs, begin, kept, callId, recorder, openWithUs, rig } = await bench(t, { tls, ...(ca ? { ca } : {}) });
    const { recordingId, tap } = await begin();
    await eventually('it is told', () => kept.length > 0);
    t.match(kept, [{ type: 'recording-server-failed', callId }]);
    t.notMatch(rig.logLines.join(''), 'not available', 'it was called');
    await tap.send({ leftHz: 440, rightHz: 660, ms: 500 });
    await tap.close();
    await recorder.stop(recordingId);
    t.strictSame(srs.received, [], 'not a byte of SIP');
    t.equal((await openWithUs(recordingId)).state, 'complete', 'our own recording is whole');
  });
