// A party's media server has died in mid-call: the party is anchored on another one by a re-INVITE with an offer of that
// one's (RFC 3261 §14, RFC 3264 §8), and goes on where it was (anchor/moving-endpoint.ts). A browser restarts ICE and takes the
// new DTLS fingerprint (RFC 8842 §4); one that does not is called again on a new leg (reattach.ts).
// Bounded: `reanchorSeconds` for the customer, less for a desk, which has another way. Then the endpoint ends as 'lost', and
// the call with the cause 'media-lost'.
//
// A leg that rings is not touched: its offer cannot be changed before the answer (RFC 3311 §5.1 needs a reliable
// provisional answer, which telephones and browsers seldom give). It is re-INVITEd as soon as it has answered.

import type { Endpoint } from '../../media/endpoint.ts';
import type { Leg } from '../../sbc/leg.ts';
import { asError } from '../../shared/errors.ts';
import { type CallState, type Centre, isOver } from '../call-state.ts';
import { tell } from '../parts.ts';
import { isMoving, type Move, type Moved } from './moving-endpoint.ts';

export interface AnchoredParty {
  party: 'customer' | 'agent';
  leg: Leg;
  endpoint: Endpoint;
  /** False: a re-INVITE would reach nobody. */
  isReachable?: () => boolean;
}

/** A desk that does not answer the re-INVITE within this time is called again instead. */
const deskPatienceMs = 4000;
const retryMs = 200;
const afterRefusalMs = 1000;
/** A far end that refuses may have its reasons for a moment (500, 503); a browser's are for good. */
const mostRefusals = { customer: 3, agent: 1 };
/** A party that sends nothing for this long is counted as heard from when it had agreed. */
const firstPacketMs = 2000;

/** To be called before the leg can be answered: from then on the endpoint follows its party to another media server. */
export function keepAnchored(centre: Centre, call: CallState, who: AnchoredParty): void {
  const { leg, endpoint } = who;
  if (!isMoving(endpoint)) return;
  let confirmed = leg.state === 'answered';
  leg.once('answered', () => {
    confirmed = true;
  });
  endpoint.carriedBy(async (from) => {
    const lostAt = centre.parts.clock.now();
    const talked = confirmed;
    if (!confirmed && !(await answered(leg, from.signal))) return { kind: 'leg-ended' };
    return reanchor(centre, call, who, from, talked ? lostAt : centre.parts.clock.now());
  });
}

/** False when the leg ends or is given up first. */
function answered(leg: Leg, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const offs = [leg.once('answered', () => done(true)), leg.once('ended', () => done(false))];
    const stop = () => done(false);
    function done(yes: boolean): void {
      for (const off of offs) off();
      signal.removeEventListener('abort', stop);
      resolve(yes);
    }
    signal.addEventListener('abort', stop);
    if (leg.state === 'ended' || signal.aborted) stop();
  });
}

async function reanchor(
  centre: Centre,
  call: CallState,
  who: AnchoredParty,
  from: Parameters<Move>[0],
  lostAt: number,
): Promise<Moved> {
  const { clock, settings } = centre.parts;
  const { party, leg } = who;
  const until = clock.now() + Math.min(settings.reanchorSeconds * 1000, party === 'agent' ? deskPatienceMs : Infinity);
  call.log.warn({ party, because: from.because }, 'a party lost its media server; anchoring it again');
  for (let refusals = 0; ; ) {
    if (from.signal.aborted || isOver(call) || leg.state === 'ended') return { kind: 'leg-ended' };
    const outcome = await attempt(centre, call, who, from, { until, lostAt });
    if (outcome.kind === 'moved' || outcome.kind === 'leg-ended') return outcome;
    const { because } = outcome;
    if (outcome.kind === 'refused' && ++refusals >= mostRefusals[party]) return { kind: 'given-up', because };
    if (clock.now() >= until) return { kind: 'given-up', because };
    await pause(centre, outcome.kind === 'refused' ? afterRefusalMs : retryMs);
  }
}

type Attempt = Exclude<Moved, { kind: 'given-up' }> | { kind: 'refused' | 'failed'; because: string };

async function attempt(
  centre: Centre,
  call: CallState,
  { party, leg, isReachable = () => true }: AnchoredParty,
  { profile, session, signal, before }: Parameters<Move>[0],
  { until, lostAt }: { until: number; lostAt: number },
): Promise<Attempt> {
  const { clock } = centre.parts;
  if (!isReachable()) return { kind: 'refused', because: 'the desk is not connected' };
  const created = await centre.bareMedia
    .createEndpoint({ callId: call.id, profile })
    .catch((thrown: unknown) => ({ kind: 'failed' as const, because: asError(thrown).message }));
  if (created.kind === 'incompatible') return { kind: 'refused', because: created.because };
  if (created.kind === 'failed') return created;
  const { endpoint } = created;
  let heardAt: number | undefined;
  endpoint.once('firstPacket', () => {
    heardAt = clock.now();
  });
  const inTime = limit(centre, endpoint, signal, until);
  const agreed = await Promise.race([agree(leg, endpoint, session), inTime.over]).catch(
    (thrown: unknown): Attempt => ({ kind: 'failed', because: asError(thrown).message }),
  );
  inTime.stop();
  if (agreed.kind !== 'moved') {
    await endpoint
      .close()
      .catch((thrown: unknown) => call.log.debug({ err: asError(thrown) }, 'an endpoint did not close cleanly'));
    return agreed;
  }
  const agreedAt = clock.now();
  const fromWhere = centre.bareMedia.whereIs?.(before) ?? null;
  const to = centre.bareMedia.whereIs?.(endpoint) ?? null;
  void pauseUntil(centre, agreedAt + firstPacketMs, () => heardAt !== undefined).then(() => {
    const silentMs = Math.max(heardAt ?? 0, agreedAt) - lostAt;
    tell(centre.parts, {
      type: 'media-reanchored',
      callId: call.id,
      legId: leg.id,
      party,
      from: fromWhere,
      to,
      silentMs,
    });
    call.log.info({ party, from: fromWhere, to, silentMs }, 'party anchored on another media server');
  });
  return agreed;
}

async function agree(leg: Leg, endpoint: Endpoint, session: Parameters<Move>[0]['session']): Promise<Attempt> {
  const renegotiated = await leg.renegotiate(session.sendOffer(endpoint.localSdp));
  if (renegotiated.kind === 'ended') return { kind: 'leg-ended' };
  if (renegotiated.kind === 'refused')
    return { kind: 'refused', because: `the far end refused with ${renegotiated.sipStatus}` };
  const accepted = await endpoint.acceptAnswer(session.readAnswer(renegotiated.sdpAnswer));
  if (accepted.kind === 'incompatible') return { kind: 'refused', because: accepted.because };
  return { kind: 'moved', endpoint };
}

/** Ends an attempt early: its time is up, it is no longer wanted, or its endpoint was lost in turn. */
function limit(
  { parts: { clock } }: Centre,
  endpoint: Endpoint,
  signal: AbortSignal,
  until: number,
): { over: Promise<Attempt>; stop(): void } {
  let stop = () => {};
  const over = new Promise<Attempt>((resolve) => {
    const timer = clock.after(Math.max(0, until - clock.now()), () =>
      resolve({ kind: 'failed', because: 'the far end did not answer the re-INVITE in time' }),
    );
    const off = endpoint.on('ended', () => resolve({ kind: 'failed', because: 'the next media server was lost, too' }));
    const aborted = () => resolve({ kind: 'leg-ended' });
    signal.addEventListener('abort', aborted);
    stop = () => {
      timer.cancel();
      off();
      signal.removeEventListener('abort', aborted);
    };
  });
  return { over, stop };
}

const pause = (centre: Centre, ms: number): Promise<void> =>
  new Promise((resolve) => void centre.parts.clock.after(ms, resolve));

async function pauseUntil(centre: Centre, until: number, probe: () => boolean): Promise<void> {
  while (!probe() && centre.parts.clock.now() < until) await pause(centre, 20);
}
