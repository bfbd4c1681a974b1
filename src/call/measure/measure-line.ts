// The line of a check before a shift: the person's softphone is called as for a call, through the same border, media server and
// codecs, answers by itself, and hears music while this counts what it sends. No number is dialled, nothing is recorded, no
// call of the call centre is made of it, and the queues do not know of it.
//
//   called ─answered▶ ─first packet▶ settles ─▶ counted once a second ─▶ hung up
//
// Music comes by the media server's own clock, so that what is lost on the way here is not lost on the way back as well, as it
// would be with an echo. What the browser counts of it comes by REST.

import type { LineSample, MeasuredLine } from '../../identity/environment/check.ts';
import type { Endpoint } from '../../media/endpoint.ts';
import type { MediaServer } from '../../media/media-server.ts';
import type { Border } from '../../sbc/border.ts';
import type { Leg } from '../../sbc/leg.ts';
import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import { type CallId, newId, type PersonId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';

export type MeasuringOutcome =
  | { kind: 'measured'; line: MeasuredLine }
  /** `unreachable`: there is no softphone, or it did not answer. `no-audio`: no packet of it arrived, or they ceased. */
  | { kind: 'failed'; because: 'unreachable' | 'no-audio' | 'stopped' };

export interface Measuring {
  /** The softphone is called with it. */
  readonly callId: CallId;
  /** Does not reject. */
  readonly done: Promise<MeasuringOutcome>;
  stop(): void;
}

export interface LineMeasurer {
  begin(personId: PersonId, options: { seconds: number }): Measuring;
}

const ringSeconds = 8;
const firstPacketWithinMs = 8000;
/**
 * ICE changes paths and jitter buffers fill while a line is only just up; and a media server that counts by its RTCP reports knows
 * of no loss before the first of them.
 */
const settleMs = 500;
const firstReportWithinMs = 10_000;
/** Such a server counts again at each report, a few seconds apart: without a second one nothing is measured. */
const laterReportWithinMs = 15_000;
const everyMs = 1000;

export function createLineMeasurer(needs: {
  border: Pick<Border, 'callSoftphone' | 'isSoftphoneRegistered'>;
  media: Pick<MediaServer, 'createEndpoint'>;
  clock: Clock;
  log: Logger;
}): LineMeasurer {
  return {
    begin(personId, { seconds }) {
      const callId = newId('call', needs.clock.now());
      const stopping = new AbortController();
      const done = measure(needs, { callId, personId, seconds, signal: stopping.signal }).catch(
        (thrown: unknown): MeasuringOutcome => {
          needs.log.warn({ err: asError(thrown), personId }, 'a line could not be measured');
          return { kind: 'failed', because: 'no-audio' };
        },
      );
      return { callId, done, stop: () => stopping.abort() };
    },
  };
}

interface Asked {
  callId: CallId;
  personId: PersonId;
  seconds: number;
  signal: AbortSignal;
}

type Needs = Parameters<typeof createLineMeasurer>[0];

async function measure({ border, media, clock }: Needs, asked: Asked): Promise<MeasuringOutcome> {
  const { callId, personId, signal } = asked;
  if (!border.isSoftphoneRegistered(personId)) return { kind: 'failed', because: 'unreachable' };
  const created = await media.createEndpoint({ callId, profile: 'webrtc' });
  if (created.kind === 'incompatible') return { kind: 'failed', because: 'no-audio' };
  const { endpoint } = created;
  const leg = border.callSoftphone({
    ...{ callId, personId, displayName: '—', sdpOffer: endpoint.localSdp },
    ...{ autoAnswer: 'measure', ringTimeoutSeconds: ringSeconds },
  });
  leg.onOffer(async (offer) => {
    const answer = await endpoint.answerOffer(offer);
    return answer.kind === 'ok' ? answer : { kind: 'incompatible' };
  });
  const over = overWith(leg, endpoint, signal);
  try {
    const firstPacket = new Promise<'audio'>((resolve) => endpoint.on('firstPacket', () => resolve('audio')));
    const answered = await Promise.race([over, answerOf(leg)]);
    if (answered === 'over') return { kind: 'failed', because: signal.aborted ? 'stopped' : 'unreachable' };
    const accepted = await endpoint.acceptAnswer(answered.sdpAnswer);
    if (accepted.kind === 'incompatible') return { kind: 'failed', because: 'no-audio' };
    endpoint.play({ kind: 'music' }, { loop: true });
    const begun = await Promise.race([over, firstPacket, after(clock, firstPacketWithinMs)]);
    if (begun === 'audio') return await count(clock, endpoint, asked.seconds, over);
    return { kind: 'failed', because: signal.aborted ? 'stopped' : 'no-audio' };
  } finally {
    await Promise.allSettled([leg.end('normal'), endpoint.close()]);
  }
}

function answerOf(leg: Leg): Promise<{ sdpAnswer: string }> {
  return new Promise((resolve) => leg.on('answered', ({ sdpAnswer = '' }) => resolve({ sdpAnswer })));
}

function overWith(leg: Leg, endpoint: Endpoint, signal: AbortSignal): Promise<'over'> {
  return new Promise((resolve) => {
    const over = () => resolve('over');
    leg.on('ended', over);
    endpoint.on('ended', over);
    signal.addEventListener('abort', over, { once: true });
    if (signal.aborted || leg.state === 'ended') over();
  });
}

const after = (clock: Clock, ms: number): Promise<'time'> =>
  new Promise((resolve) => void clock.after(ms, () => resolve('time')));

async function count(
  clock: Clock,
  endpoint: Endpoint,
  seconds: number,
  over: Promise<'over'>,
): Promise<MeasuringOutcome> {
  const until = clock.now() + firstReportWithinMs;
  do {
    if ((await Promise.race([over, after(clock, settleMs)])) === 'over') return { kind: 'failed', because: 'stopped' };
  } while ((await endpoint.stats()).lossCounted === null && clock.now() < until);
  const samples: LineSample[] = [];
  let codec = '';
  let packetsSent = 0;
  const heard = () => (samples.at(-1)?.packetsReceived ?? 0) > (samples[0]?.packetsReceived ?? 0);
  for (let second = 0; ; second++) {
    const { jitterMs, roundTripMs, ...more } = await endpoint.stats();
    const { packetsReceived, packetsLost } = more.lossCounted ?? more;
    if (more.lossCounted !== null)
      samples.push({ atMs: clock.now(), packetsReceived, packetsLost, jitterMs, roundTripMs });
    codec = more.codec ?? codec;
    packetsSent = more.packetsSent;
    if (second >= seconds + laterReportWithinMs / everyMs) break;
    if (second >= seconds && (heard() || more.lossCounted === undefined)) break;
    if ((await Promise.race([over, after(clock, everyMs)])) === 'over') return { kind: 'failed', because: 'stopped' };
  }
  return heard()
    ? { kind: 'measured', line: { codec, samples, packetsSent } }
    : { kind: 'failed', because: 'no-audio' };
}
