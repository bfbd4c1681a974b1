// One confirmed INVITE dialog (RFC 3261 §12 to §15), whichever side began it: answers every request of the far end with a
// final response, and sends our own. Knows nothing of how the dialog came about; inbound-leg and outbound-leg do.
//
//   offers   at most one is open: ours (re-INVITE) or theirs (re-INVITE, UPDATE). Ours open → theirs gets 491;
//            theirs open → another of theirs gets 500 with Retry-After, ours waits (RFC 3261 §14, RFC 3311 §5.2).
//   closed   once, by BYE of either side, by a BYE the SIP server made, or by a response that says there is no dialog.

import type { Clock } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { EndCause } from '../../shared/events.ts';
import type { Logger } from '../../shared/logger.ts';
import type { Random } from '../../shared/random.ts';
import type { LegEvents, OfferHandler, OfferMaker } from '../leg.ts';
import { type ControlLink, noLink, respond } from '../link/control-link.ts';
import type { IncomingRequest, IncomingResponse, OutgoingResponse, SrfMessage } from '../link/srf-types.ts';
import { causeOfBye, reasonOf, reasonText } from '../sip-cause.ts';
import { cseqOf, type DialogFacts, targetOf } from './dialog-facts.ts';
import { readInfo } from './info-digits.ts';
import { createOfferTurns, type OfferTurns } from './offer-turns.ts';
import { answerRefer } from './refer.ts';
import { renegotiate } from './renegotiate.ts';
import { type RescueContext, rescueDialog, sendFarewell } from './rescue.ts';
import { isHold, looksLikeSdp } from './sdp-view.ts';
import { refreshedTimerOf } from './session-expires.ts';
import { within } from './within.ts';

export const allowedMethods = 'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, NOTIFY, REFER';

/** What the leg that owns the dialog is told. */
export interface DialogOwner {
  /** Answers an offer of the far end; undefined until the call has said who does. */
  readonly offerHandler: OfferHandler | undefined;
  /** Makes our offer when the far end asks for one; undefined: our last SDP stands. */
  readonly offerMaker: OfferMaker | undefined;
  /** False: REFER gets 603. */
  readonly mayTransfer: boolean;
  emit<Name extends 'held' | 'resumed' | 'digit' | 'transferAsked' | 'answerReceived'>(
    name: Name,
    event: LegEvents[Name],
  ): void;
  /** ACK of the INVITE that made the dialog; the body is the answer to a late offer. */
  acknowledged(body: string | undefined): void;
  closed(cause: EndCause, by: 'far-end' | 'timeout' | 'us', sipStatus: number | null): void;
}

export interface SipDialogOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  /** `noLink` for a dialog whose server is gone already: it is rescued at once. */
  link: ControlLink;
  dialogId: string;
  /** Who owns the Call-ID decides the back-off after glare (RFC 3261 §14.1). */
  role: 'uac' | 'uas';
  owner: DialogOwner;
  localSdp: string | undefined;
  /** The dialog as data; without it nobody can go on with it when its SIP server is gone. */
  facts?: DialogFacts | undefined;
  onServerLost: ServerLoss;
}

/**
 * What becomes of the dialog when its SIP server is gone. `rescue`: another server takes it up, or the leg ends with `fault`.
 * `keep`: the leg stays, without SIP, until its call ends it or another leg takes its place (a softphone that comes back).
 */
export type ServerLoss =
  | { kind: 'keep' }
  | {
      kind: 'rescue';
      another: () => ControlLink | undefined;
      withinMs: number;
      /** Another server has it now: the one that had it, should it live, must not end it. */
      leftBehind: (at: { server: string; dialogId: string }) => void;
    };

export interface SipDialog {
  readonly options: SipDialogOptions;
  readonly turns: OfferTurns;
  readonly closed: boolean;
  /** What another SIP server or node needs to go on with it. */
  readonly facts: DialogFacts | undefined;
  /** What we last said in an offer or answer. */
  localSdp: string | undefined;
  renegotiate(sdpOffer: string): ReturnType<typeof renegotiate>;
  /** Resolves when the far end answered the BYE, or could not be reached. */
  bye(cause: EndCause): Promise<void>;
  /** Ours to close without a BYE: the far end or the SIP server did. */
  close(): void;
  /** Closes it here and at its SIP server without a word to the far end: another server has it, or will have. */
  forget(): void;
  /** A request of ours as it was sent, and a message of the far end: its Contact is the new remote target. */
  learn(sent: SrfMessage | undefined, received: SrfMessage | undefined): void;
  /** A response inside the dialog that says there is none at the far end (RFC 3261 §12.2.1.2). */
  lost(status: number): void;
  handle(request: IncomingRequest, response: OutgoingResponse): void;
}

/** How long the far end's offer waits for somebody to answer it (leg.ts). */
const offerWaitMs = 1_000;
/** A BYE may cross ours; the dialog answers it for this long after its end. */
const afterglowMs = 5_000;
const offerMakingMs = 2_000;
/** Above the time that the last try of a rescue may take; a leg that is adrift has ended then, whatever is still waited for. */
export const adriftAfterRescueMs = 15_000;

export function createSipDialog(given: SipDialogOptions): SipDialog {
  const { clock, random, log, owner, onServerLost } = given;
  let options = given;
  let { facts } = given;
  /** Its server is gone, and no other has it yet. */
  let adrift = false;
  const turns = createOfferTurns();
  let closed = false;
  let held = false;
  /** A re-INVITE without SDP was answered with our offer; its ACK brings the answer. */
  let lateAnswerDue = false;
  let unbind = () => {};
  let offDown = () => {};

  /** The dialog is at this server from now on. */
  function moor(link: ControlLink, dialogId: string): void {
    options = { ...options, link, dialogId };
    adrift = false;
    unbind = link.bindDialog(dialogId, handle);
    offDown = link.onDown(() => {
      offDown();
      drift();
    });
  }

  function drift(): void {
    if (closed) return;
    adrift = true;
    if (onServerLost.kind === 'keep') return log.info('a leg stays without its SIP server');
    void rescue(onServerLost).catch((err: unknown) => {
      log.error({ err }, 'a dialog could not be rescued');
      give('fault', 'us', null);
    });
  }

  async function rescue(how: Extract<ServerLoss, { kind: 'rescue' }>): Promise<void> {
    const last = clock.after(how.withinMs + adriftAfterRescueMs, () => {
      if (!adrift || closed) return;
      log.error('a dialog without its SIP server was neither taken up nor given up in time');
      giveUp({ clock, log, ...how }, null);
    });
    try {
      await takeUpAgain(how);
    } finally {
      last.cancel();
    }
  }

  function giveUp(context: RescueContext, sipStatus: number | null): void {
    give('fault', 'us', sipStatus);
    if (facts) void sendFarewell(facts, context, 'fault');
  }

  async function takeUpAgain(how: Extract<ServerLoss, { kind: 'rescue' }>): Promise<void> {
    if (!facts) return give('fault', 'us', null);
    const until = clock.now() + how.withinMs;
    dialog.localSdp = await offerToRescueWith();
    const context = { clock, log, ...how, withinMs: until - clock.now() };
    const result = await rescueDialog({ ...facts, localSdp: dialog.localSdp }, context, () => !closed);
    if (result.kind === 'rescued') {
      const { link, dialogId, sent, response } = result;
      const before = given.link === noLink ? facts.at : { server: options.link.server, dialogId: options.dialogId };
      if (before && before.server !== link.server) how.leftBehind(before);
      learn(sent, response);
      if (closed) {
        options = { ...options, link, dialogId };
        adrift = false;
        return void sayBye('normal');
      }
      moor(link, dialogId);
      log.info({ sipServer: link.server, from: before?.server }, 'the dialog goes on at a SIP server that lives');
      // Whoever still waits for the ACK of the first INVITE has more than that now.
      owner.acknowledged(response.body);
      if (looksLikeSdp(response.body)) owner.emit('answerReceived', { sdpAnswer: response.body });
      return;
    }
    if (closed) return;
    // 481: they hung up meanwhile, and nobody was there to be told.
    if (result.kind === 'over') return give('normal', 'far-end', result.sipStatus);
    giveUp(context, result.sipStatus);
  }

  /** What was agreed, as an offer of the endpoint's making, so that it knows what to do with the answer. */
  async function offerToRescueWith(): Promise<string | undefined> {
    if (given.link === noLink || !owner.offerMaker) return dialog.localSdp;
    try {
      // Media that is in trouble itself must not keep the call from its end.
      return await within(clock, offerMakingMs, owner.offerMaker(), dialog.localSdp);
    } catch (thrown) {
      log.warn({ err: asError(thrown) }, 'the endpoint makes no offer; what was agreed last is offered again');
      return dialog.localSdp;
    }
  }

  function give(cause: EndCause, by: 'far-end' | 'us', sipStatus: number | null): void {
    if (closed) return;
    close();
    owner.closed(cause, by, sipStatus);
  }

  /** Target refresh and CSeq, from what went past. */
  function learn(sent: SrfMessage | undefined, received: SrfMessage | undefined): void {
    if (!facts) return;
    const remoteTarget = (received && targetOf(received)) ?? facts.remoteTarget;
    facts = { ...facts, remoteTarget, cseq: Math.max(facts.cseq, sent ? cseqOf(sent) : 0) };
  }

  function handle(request: IncomingRequest, response: OutgoingResponse): void {
    try {
      dispatch(request, response);
    } catch (thrown) {
      log.error({ err: asError(thrown), method: request.method }, 'a request inside a dialog failed');
      if (request.method !== 'ACK' && !response.finalResponseSent) respond(response, 500);
    }
  }

  function dispatch(request: IncomingRequest, response: OutgoingResponse): void {
    switch (request.method) {
      case 'ACK':
        return onAck(request);
      case 'BYE':
        return onBye(request, response);
      case 'PRACK':
      case 'OPTIONS':
        return respond(response, 200, { headers: { Allow: allowedMethods } });
    }
    if (closed) return respond(response, 481);
    switch (request.method) {
      case 'INVITE':
      case 'UPDATE':
        return onOffer(request, response);
      case 'INFO':
        return onInfo(request, response);
      case 'REFER':
        return answerRefer(dialog, request, response);
      case 'NOTIFY':
        return respond(response, request.get('Event')?.toLowerCase().startsWith('refer') ? 200 : 489);
      default:
        return respond(response, 405, { headers: { Allow: allowedMethods } });
    }
  }

  function onAck(request: IncomingRequest): void {
    if (!lateAnswerDue) return owner.acknowledged(request.body);
    lateAnswerDue = false;
    turns.finishTheirs();
    if (!looksLikeSdp(request.body)) return;
    owner.emit('answerReceived', { sdpAnswer: request.body });
    tellDirection(request.body);
  }

  function onBye(request: IncomingRequest, response: OutgoingResponse): void {
    // The library stubs the response to a BYE that the SIP server made itself.
    respond(response, 200);
    if (closed) return;
    close();
    if (request.source !== 'application') return owner.closed(causeOfBye(request.get('Reason')), 'far-end', null);
    const text = reasonText(request.get('Reason')) ?? '';
    owner.closed(/session timer/i.test(text) ? 'session-expired' : 'unreachable', 'timeout', null);
  }

  function onOffer(request: IncomingRequest, response: OutgoingResponse): void {
    learn(undefined, request);
    if (turns.ours) return respond(response, 491);
    if (turns.theirs) return respond(response, 500, { headers: { 'Retry-After': String(random.integer(1, 10)) } });
    if (looksLikeSdp(request.body)) return void answerTheirs(request, request.body, response);
    if (request.body) return respond(response, 415, { headers: { Accept: 'application/sdp' } });
    // UPDATE without SDP refreshes the session or the target; the SIP server has seen to both.
    if (request.method === 'UPDATE') return respond(response, 200, { headers: refreshedTimerOf(request) });
    void offerOnRequest(request, response);
  }

  /** A re-INVITE without SDP (RFC 3261 §14.2): our offer goes with the 200, the answer comes with its ACK. */
  async function offerOnRequest(request: IncomingRequest, response: OutgoingResponse): Promise<void> {
    turns.beginTheirs();
    lateAnswerDue = true;
    try {
      const sdpOffer = owner.offerMaker ? await owner.offerMaker() : dialog.localSdp;
      if (closed) return;
      if (sdpOffer === undefined) {
        endLateOffer();
        return respond(response, 488);
      }
      dialog.localSdp = sdpOffer;
      const headers = { 'Content-Type': 'application/sdp', ...refreshedTimerOf(request) };
      respond(response, 200, { body: sdpOffer, headers }, (error) => {
        if (error) endLateOffer();
      });
    } catch (thrown) {
      log.error({ err: asError(thrown) }, 'an offer that the far end asked for could not be made');
      endLateOffer();
      if (!response.finalResponseSent) respond(response, 500);
    }
    // The ACK may be lost for good: the SIP server ends the dialog then; a far end that merely forgets the body must not
    // keep us from ever offering again.
    clock.after(32_000, endLateOffer);
  }

  function endLateOffer(): void {
    if (!lateAnswerDue) return;
    lateAnswerDue = false;
    turns.finishTheirs();
  }

  async function answerTheirs(request: IncomingRequest, sdpOffer: string, response: OutgoingResponse): Promise<void> {
    turns.beginTheirs();
    let cancelled = false;
    request.on('cancel', () => {
      cancelled = true;
    });
    try {
      const answer = await theirAnswer(sdpOffer);
      if (closed || cancelled) return;
      if (answer.kind === 'incompatible') return respond(response, 488, { headers: { Warning: warning } });
      dialog.localSdp = answer.sdpAnswer;
      const headers = { 'Content-Type': 'application/sdp', ...refreshedTimerOf(request) };
      respond(response, 200, { body: answer.sdpAnswer, headers }, (error) => {
        if (error) return log.debug({ err: error }, 'an answer inside a dialog could not be sent');
        tellDirection(sdpOffer);
      });
    } catch (thrown) {
      log.error({ err: asError(thrown) }, 'an offer of the far end could not be answered');
      if (!response.finalResponseSent) respond(response, 500);
    } finally {
      turns.finishTheirs();
    }
  }

  async function theirAnswer(sdpOffer: string): ReturnType<OfferHandler> {
    if (!owner.offerHandler) await turns.until(clock, offerWaitMs, () => owner.offerHandler !== undefined || closed);
    return owner.offerHandler ? owner.offerHandler(sdpOffer) : { kind: 'incompatible' };
  }

  function tellDirection(sdpOffer: string): void {
    const nowHeld = isHold(sdpOffer);
    if (nowHeld === held) return;
    held = nowHeld;
    owner.emit(held ? 'held' : 'resumed', {});
  }

  function onInfo(request: IncomingRequest, response: OutgoingResponse): void {
    // RFC 6086 would have 469, which drachtio-srf cannot send; we take no packages, so any of them is unsupported.
    if (request.has('Info-Package')) return respond(response, 415, { headers: { 'Recv-Info': 'nil' } });
    const content = readInfo(request.get('Content-Type'), request.body);
    if (content.kind === 'unsupported')
      return respond(response, 415, { headers: { Accept: 'application/dtmf-relay, application/dtmf' } });
    respond(response, 200);
    if (content.kind === 'digit') owner.emit('digit', { digit: content.digit, durationMs: content.durationMs });
  }

  function forget(): void {
    if (closed) return;
    close();
    options.link.forgetDialog?.(options.dialogId);
  }

  function close(): void {
    if (closed) return;
    closed = true;
    offDown();
    turns.close();
    clock.after(afterglowMs, unbind);
  }

  function lost(status: number): void {
    if (closed) return;
    close();
    owner.closed(status === 408 ? 'unreachable' : 'fault', 'far-end', status);
  }

  function bye(cause: EndCause): Promise<void> {
    if (closed) return Promise.resolve();
    close();
    return sayBye(cause);
  }

  function sayBye(cause: EndCause): Promise<void> {
    if (adrift) {
      if (facts && onServerLost.kind === 'rescue') void sendFarewell(facts, { clock, log, ...onServerLost }, cause);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      options.link.request(
        { method: 'BYE', stackDialogId: options.dialogId, headers: { Reason: reasonOf(cause) } },
        {
          response: (response: IncomingResponse) => {
            if (response.status >= 200) resolve();
          },
          failed: (because) => {
            log.debug({ because }, 'a BYE went unanswered');
            resolve();
          },
        },
      );
    });
  }

  const dialog: SipDialog = {
    get options() {
      return options;
    },
    get facts() {
      const at = { server: options.link.server, dialogId: options.dialogId };
      return facts && { ...facts, localSdp: dialog.localSdp, at: adrift ? facts.at : at };
    },
    turns,
    learn,
    get closed() {
      return closed;
    },
    localSdp: given.localSdp,
    renegotiate: (sdpOffer) => renegotiate(dialog, sdpOffer),
    bye,
    close,
    forget,
    lost,
    handle,
  };
  if (given.link === noLink) drift();
  else moor(given.link, given.dialogId);
  return dialog;
}

/** RFC 3261 §20.43, 304: media type not available. */
const warning = '304 engawa "Media cannot be changed that way"';
