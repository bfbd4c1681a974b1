// A company's own recording server, played by a party that speaks SIP and SRTP as the test tells it: it hears both sides of the call, each
// on its stream, knows who is in the call, and costs the call nothing when it is gone.

import { createSocket } from 'node:dgram';
import t, { type Test } from 'tap';
import { followRecordings, type RecordingServerSettings } from '../../src/call/siprec/recording-server.ts';
import { decodeG711 } from '../../src/protocol/rtp/g711.ts';
import { newRtpHeader, packetKind, parseRtp } from '../../src/protocol/rtp/packet.ts';
import { SrtpReceiver } from '../../src/protocol/rtp/srtp.ts';
import { parseCrypto } from '../../src/protocol/sdp/attributes.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createEmitter } from '../../src/shared/emitter.ts';
import type { EngawaEvent, NewEvent } from '../../src/shared/events.ts';
import { newId, type PersonId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { connectTap } from '../support/media/tap-client.ts';
import { heardTones } from '../support/media/tones.ts';
import { recordingBench } from '../support/recording/recording-bench.ts';
import { startBorderRig } from '../support/sip/border-rig.ts';
import { createUdpParty, newTag, type PartyMessage, responseText, type SipParty } from '../support/sip/sip-party.ts';

t.setTimeout(120_000);

const host = '127.0.0.1';

/** One stream at the recording server: opens what comes, and keeps the last second. */
async function openStream(t: Test, key: string) {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const { suite, keyAndSalt } = parseCrypto(key)!;
  const receiver = new SrtpReceiver({ suite, keyAndSalt });
  const state = { samples: new Int16Array(0), packets: 0, reports: 0, refused: 0, timestamps: [] as number[] };
  socket.on('message', (packet) => {
    if (packetKind(packet) === 'rtcp') return void state.reports++;
    const length = receiver.unprotectRtp(packet);
    const header = typeof length === 'number' ? parseRtp(packet, newRtpHeader(), length) : length;
    if (typeof header === 'string') return void state.refused++;
    const pcm = new Int16Array(header.payloadEnd - header.payloadStart);
    decodeG711(header.payloadType === 0 ? 'PCMU' : 'PCMA', packet, pcm, header.payloadStart, header.payloadEnd);
    state.packets++;
    state.timestamps.push(header.timestamp);
    state.samples = Int16Array.from([...state.samples, ...pcm].slice(-4000));
  });
  return { ...{ port: socket.address().port, state }, hears: () => heardTones(state.samples) };
}

async function bench(t: Test, settings: Partial<RecordingServerSettings> = {}) {
  const rig = await startBorderRig();
  t.teardown(() => rig.close());
  const srs = await createUdpParty(rig.sip, host);
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
        server: `sip:srs@${host}:${srs.port}`,
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

const partsOf = ({ body, get }: PartyMessage) => {
  const boundary = /boundary=([^;]+)/.exec(get('Content-Type') ?? '')?.[1] ?? '-';
  const [sdp, xml] = body.split(`--${boundary}`).slice(1);
  return { sdp: sdp ?? '', xml: xml ?? '' };
};

/** Takes both streams, as 200 with receive-only media. */
async function take(t: Test, srs: SipParty, invite: PartyMessage) {
  const keys = [...partsOf(invite).sdp.matchAll(/a=crypto:(.*)\r\n/g)].map(([, key]) => key!);
  const streams = await Promise.all(keys.map((key) => openStream(t, key)));
  const media = streams.flatMap(({ port }) => [
    ...[
      `m=audio ${port} RTP/SAVP 0`,
      `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.alloc(30, 9).toString('base64')}`,
    ],
    ...['a=rtcp-mux', 'a=recvonly'],
  ]);
  const body = ['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', ...media, ''].join('\r\n');
  const contact = `<sip:srs@${host}:${srs.port}>;+sip.srs`;
  srs.send(responseText(invite, 200, { tag: newTag(), contact, body }));
  await srs.nextRequest('ACK');
  return streams as [Awaited<ReturnType<typeof openStream>>, Awaited<ReturnType<typeof openStream>>];
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
  tell({ type: 'agent-answered', callId, personId: taro, legId: newId('leg'), place: 'centre', ringMs: 1 });
  const joined = await srs.nextRequest('UPDATE');
  srs.send(responseText(joined, 200));
  t.match(joined.body, `sip:${taro}@pbx.example`, 'who came');

  await tap.close();
  tell({ type: 'recording-stopped', callId, recordingId, durationMs: 1, bytes: 1 });
  const last = await srs.nextRequest('UPDATE');
  srs.send(responseText(last, 200));
  t.match(last.body, '<stop-time>');
  const bye = await srs.nextRequest('BYE');
  srs.send(responseText(bye, 200));
  await recorder.stop(recordingId);
  t.equal((await openWithUs(recordingId)).state, 'complete', 'our own recording is whole');
  await eventually('nothing is sent any more', () => server.sending === 0);
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
