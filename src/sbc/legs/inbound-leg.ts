// A leg whose INVITE came from outside (RFC 3261 §13.3). Late offers (no SDP in the INVITE) are answered with our offer;
// 1xx are sent reliably when the far end requires it (RFC 3262). A CANCEL that meets our 200 makes a dialog nobody wants:
// the SIP server ends it, and the leg ends with it.

import type { Timer } from '../../shared/clock.ts';
import type { EndCause } from '../../shared/events.ts';
import { newId } from '../../shared/ids.ts';
import type { Leg } from '../leg.ts';
import { type ControlLink, respond } from '../link/control-link.ts';
import type { IncomingRequest, OutgoingResponse, SrfMessage } from '../link/srf-types.ts';
import { causeOfBye, refusalOf } from '../sip-cause.ts';
import { factsAsCallee } from './dialog-facts.ts';
import { createLegCore, type LegContext, type LegCore, within } from './leg-core.ts';
import { looksLikeSdp } from './sdp-view.ts';
import { listed, sessionTimerOf } from './session-expires.ts';
import { allowedMethods, createSipDialog, type ServerLoss } from './sip-dialog.ts';

export interface InboundLegOptions extends LegContext {
  link: ControlLink;
  request: IncomingRequest;
  response: OutgoingResponse;
  trunk: string;
  /** SIP's Call-ID as it may be logged. */
  sipCallId: string;
  /** REFER of this far end is passed on as `transferAsked`; otherwise 603. */
  mayTransfer: boolean;
  /** Session-Expires we ask for when the far end knows timers (RFC 4028); 0 leaves them out. */
  sessionExpiresSeconds: number;
  onServerLost: ServerLoss;
  onEnded: (cause: EndCause) => void;
}

/** A call that nobody rings, answers or refuses within this gets 500: the carrier must not be left hanging. */
const decideWithinMs = 30_000;
/** BYE waits for the ACK this long (RFC 3261 §15 forbids it earlier). */
const ackBeforeByeMs = 4_000;
const ackTimeoutMs = 36_000;

type Answered = Awaited<ReturnType<Leg['answer']>>;

export function createInboundLeg(options: InboundLegOptions): Leg {
  const { clock, request, response } = options;
  const id = newId('leg', clock.now());
  const { sipCallId } = options;
  const log = options.log.child({ legId: id, sipCallId, trunk: options.trunk });
  const sdpOffer = looksLikeSdp(request.body) ? request.body : undefined;
  let acknowledge: ((body: string | undefined) => void) | undefined;
  let settleAnswer: ((result: Answered) => void) | undefined;
  let earlySdp: string | undefined;
  let ackTimer: Timer | undefined;
  let earlyBound: (() => void) | undefined;

  const core: LegCore = createLegCore({
    ...options,
    log,
    initial: 'offered',
    onFault: () => refuse('fault'),
    onEnded(cause) {
      undecided.cancel();
      ackTimer?.cancel();
      settleAnswer?.({ kind: 'ended' });
      earlyBound?.();
      offDown();
      options.onEnded(cause);
    },
  });
  const acked = new Promise<string | undefined>((resolve) => {
    acknowledge = resolve;
  });
  const undecided = clock.after(decideWithinMs, () => {
    if (core.state !== 'offered') return;
    log.error('nobody took an inbound call');
    refuse('fault');
    core.finish('fault', 'us', 500);
  });

  const offDown = options.link.onDown(() => void core.finish('fault', 'us', null));

  request.on('cancel', (cancel) =>
    core.guard(() => {
      // The SIP server has answered the CANCEL and the INVITE (487).
      const cause = causeOfBye(cancel.get('Reason'));
      core.finish(cause === 'normal' ? 'cancelled' : cause, 'far-end', 487);
    }),
  );
  request.on('update', (update, updateResponse) => core.guard(() => earlyUpdate(update, updateResponse)));

  /** UPDATE before our answer: a refresh is fine, an offer has to wait (RFC 3311 §5.2). */
  function earlyUpdate(update: IncomingRequest, updateResponse: OutgoingResponse): void {
    if (!looksLikeSdp(update.body)) return respond(updateResponse, 200);
    respond(updateResponse, 500, { headers: { 'Retry-After': String(options.random.integer(1, 10)) } });
  }

  function refuse(cause: EndCause): void {
    if (core.dialog) return void core.dialog.bye(cause);
    if (response.finalResponseSent) return;
    const { status, headers } = refusalOf(cause);
    respond(response, status, { headers });
  }

  function ring({ sdpAnswer }: { sdpAnswer?: string } = {}): void {
    if (core.state === 'answered' || core.state === 'ended') return;
    if (core.state === 'ringing' && sdpAnswer === earlySdp) return;
    core.step('ring');
    earlySdp = sdpAnswer;
    const headers: Record<string, string> = { Allow: allowedMethods };
    const reliable = requires(request, '100rel');
    if (reliable) headers['Require'] = '100rel';
    if (sdpAnswer !== undefined) headers['Content-Type'] = 'application/sdp';
    const body = sdpAnswer === undefined ? {} : { body: sdpAnswer };
    respond(response, sdpAnswer === undefined ? 180 : 183, { headers, ...body }, (error) => {
      if (error) log.debug({ err: error }, 'a provisional response could not be sent');
      else if (reliable && response.stackDialogId) bindEarly(response.stackDialogId);
    });
  }

  /** The early dialog that a reliable 1xx makes: its PRACK, and a caller that says BYE in it (RFC 3261 §15). */
  function bindEarly(dialogId: string): void {
    if (core.dialog || earlyBound) return;
    earlyBound = options.link.bindDialog(dialogId, (inner, innerResponse) =>
      core.guard(() => {
        if (inner.method === 'ACK') return;
        if (inner.method !== 'PRACK' && inner.method !== 'BYE') return respond(innerResponse, 481);
        respond(innerResponse, 200);
        if (inner.method === 'BYE' && core.finish('cancelled', 'far-end', null)) refuse('cancelled');
      }),
    );
  }

  function answer(sdp: string): Promise<Answered> {
    if (!core.step('answer')) return Promise.resolve({ kind: 'ended' });
    undecided.cancel();
    const timer = sessionTimerOf(request, options.sessionExpiresSeconds);
    const headers = { Allow: allowedMethods, Supported: 'timer, 100rel', ...timer, 'Content-Type': 'application/sdp' };
    return new Promise((resolve) => {
      settleAnswer = resolve;
      respond(response, 200, { body: sdp, headers }, (error, ok) => core.guard(() => onAnswerSent(sdp, error, ok)));
      // No echo, no ACK, no BYE of the server's own: the control connection must have gone.
      ackTimer = clock.after(ackTimeoutMs, () => void core.finish('unreachable', 'timeout', null));
    });
  }

  function onAnswerSent(sdp: string, error: Error | undefined, ok: SrfMessage | undefined): void {
    const dialogId = response.stackDialogId;
    if (error || !dialogId) {
      log.debug({ err: error }, 'a 200 was too late');
      return void core.finish('cancelled', 'far-end', 487);
    }
    const owner = core.owner(onAck, options.mayTransfer);
    offDown();
    const facts = ok && factsAsCallee(request, ok, sdp);
    core.dialog = createSipDialog({ ...options, log, dialogId, role: 'uas', owner, localSdp: sdp, facts });
    if (core.state === 'ended') void core.dialog.bye('normal');
  }

  function onAck(body: string | undefined): void {
    if (!acknowledge) return;
    acknowledge(body);
    acknowledge = undefined;
    ackTimer?.cancel();
    if (core.state !== 'answered') return;
    const settle = settleAnswer;
    settleAnswer = undefined;
    if (sdpOffer === undefined && !looksLikeSdp(body)) {
      log.warn('the answer to our late offer is missing');
      settle?.({ kind: 'ended' });
      refuse('incompatible-media');
      return void core.finish('incompatible-media', 'far-end', null);
    }
    settle?.(sdpOffer === undefined && looksLikeSdp(body) ? { kind: 'ok', sdpAnswer: body } : { kind: 'ok' });
    core.emitter.emit('answered', {});
  }

  async function end(cause: EndCause = 'normal'): Promise<void> {
    const before = core.state;
    if (!core.finish(cause, 'us', null)) return;
    if (before !== 'answered') return refuse(cause);
    if (acknowledge) await within(clock, ackBeforeByeMs, acked, undefined);
    await core.dialog?.bye(cause);
  }

  return {
    id,
    kind: 'trunk',
    direction: 'inbound',
    trunk: options.trunk,
    sipCallId,
    sdpOffer,
    get state() {
      return core.state;
    },
    on: core.emitter.on,
    once: core.emitter.once,
    ring: (how) => void core.guard(() => ring(how)),
    answer,
    reject(cause) {
      if (core.state === 'offered' || core.state === 'ringing') void end(cause);
    },
    end,
    renegotiate: core.renegotiate,
    onOffer: core.setOfferHandler,
    dialogFacts: core.dialogFacts,
    handOver: core.handOver,
  };
}

function requires(request: IncomingRequest, option: string): boolean {
  return listed(request.get('Require'), option);
}
