// A leg whose INVITE we send (RFC 3261 §13.2). One leg may try several targets, one after the other; each attempt is an
// INVITE of its own with its own Call-ID. The first 2xx wins; a 2xx after we gave up gets ACK and BYE within a second.
// Provisional responses are acknowledged (RFC 3262). Redirections are a failure of that target, never followed.

import type { Timer } from '../../shared/clock.ts';
import { asError } from '../../shared/errors.ts';
import type { EndCause } from '../../shared/events.ts';
import { type LegId, newId, type SessionId } from '../../shared/ids.ts';
import type { Leg } from '../leg.ts';
import type { IncomingResponse, SentRequest } from '../link/srf-types.ts';
import { causeOfSoftphoneStatus, causeOfStatus } from '../sip-cause.ts';
import { factsAsCaller } from './dialog-facts.ts';
import { type InviteAttempt, type InviteProgress, type InviteTarget, sendInvite } from './invite-attempt.ts';
import { createLegCore, type LegContext, within } from './leg-core.ts';
import { looksLikeSdp } from './sdp-view.ts';
import { createSipDialog, type ServerLoss } from './sip-dialog.ts';

export interface FailedAttempt {
  target: InviteTarget;
  /** Null when no response came at all. */
  sipStatus: number | null;
  cause: EndCause;
  /** The far end had rung or sent early media: the next one would ring a second telephone. */
  alerted: boolean;
  /** Our own SIP server was at fault, not the target. */
  ourServer: boolean;
}

export interface OutboundLegOptions extends LegContext {
  id?: LegId;
  kind: 'trunk' | 'softphone';
  sessionId?: SessionId | undefined;
  ringTimeoutSeconds: number;
  mayTransfer: boolean;
  /** The next target to try; undefined when there is none (left). `failed` is why the one before did not do. */
  next: (failed: FailedAttempt | undefined) => Promise<InviteTarget | undefined>;
  /** The cause when `next` has nothing at all to offer. */
  causeIfNone: () => EndCause;
  onServerLost: ServerLoss;
  onEnded: (cause: EndCause) => void;
}

/** How long `end()` waits for the far end to confirm a CANCEL. */
const cancelWaitMs = 3_000;

export function createOutboundLeg(options: OutboundLegOptions): Leg {
  const { clock, kind } = options;
  const id = options.id ?? newId('leg', clock.now());
  const log = options.log.child({ legId: id });
  let attempt: InviteAttempt | undefined;
  let target: InviteTarget | undefined;
  let last: FailedAttempt | undefined;
  let alerted = false;
  let earlySdp: string | undefined;
  let ringTimer: Timer | undefined;

  const core = createLegCore({
    ...options,
    log,
    initial: 'trying',
    onFault: () => void release('fault'),
    onEnded(cause) {
      ringTimer?.cancel();
      target?.release?.();
      options.onEnded(cause);
    },
  });

  const progress: InviteProgress = {
    provisional: (response) => core.guard(() => onProvisional(response)),
    answered: (response, sent) => core.guard(() => onAnswered(response, sent)),
    failed: (status, reason, ourServer) => core.guard(() => onFailed(status, reason, ourServer)),
  };

  async function tryNext(): Promise<void> {
    let next: InviteTarget | undefined;
    try {
      next = await options.next(last);
    } catch (thrown) {
      log.error({ err: asError(thrown) }, 'an outbound call could not be prepared');
      return void core.finish('fault', 'us', null);
    }
    if (core.state === 'ended') return next?.release?.();
    if (!next)
      return void core.finish(last?.cause ?? options.causeIfNone(), last ? 'far-end' : 'us', last?.sipStatus ?? null);
    target = next;
    attempt = sendInvite({ ...options, log, target: next, progress });
    log.debug({ target: next.label, sipCallId: attempt.sipCallId }, 'trying a target');
  }

  function onProvisional(response: IncomingResponse): void {
    if (core.state === 'ended') return;
    if (response.status === 180 || response.status === 183) alerted = true;
    if (looksLikeSdp(response.body) && response.body !== earlySdp) {
      earlySdp = response.body;
      core.emitter.emit('earlyMedia', { sdpAnswer: response.body });
    }
    if (response.status === 180 && core.step('ring')) core.emitter.emit('ringing', {});
  }

  function onAnswered(response: IncomingResponse, sent: SentRequest | undefined): void {
    const sdpAnswer = looksLikeSdp(response.body) ? response.body : earlySdp;
    const dialogId = response.stackDialogId;
    const owner = core.owner(() => {}, options.mayTransfer);
    const { link, sdpOffer } = target!;
    const facts = sent && factsAsCaller(sent, response, sdpOffer);
    core.dialog = createSipDialog({ ...options, log, link, dialogId, role: 'uac', owner, localSdp: sdpOffer, facts });
    if (sdpAnswer === undefined) {
      void core.dialog.bye('incompatible-media');
      return void core.finish('incompatible-media', 'far-end', response.status);
    }
    if (!core.step('answer')) return void core.dialog.bye('normal');
    ringTimer?.cancel();
    core.emitter.emit('answered', { sdpAnswer });
  }

  function onFailed(status: number | null, reason: string | undefined, ourServer = false): void {
    const failed = target!;
    failed.release?.();
    if (core.state === 'ended') return;
    const causeOf = kind === 'softphone' ? causeOfSoftphoneStatus : causeOfStatus;
    const cause = status === null ? 'unreachable' : causeOf(status, { reason, alerted });
    last = { target: failed, sipStatus: status, cause, alerted, ourServer };
    if (failed.triesNext && !alerted) {
      log.info({ target: failed.label, sipStatus: status, cause }, 'a target failed');
      return void tryNext();
    }
    core.finish(cause, 'far-end', status);
  }

  /** CANCEL or BYE, whichever fits, and what is late afterwards. */
  async function release(cause: EndCause): Promise<void> {
    if (core.dialog) return core.dialog.bye(cause);
    if (attempt) await within(clock, cancelWaitMs, attempt.cancel(cause), undefined);
  }

  async function end(cause: EndCause = 'cancelled'): Promise<void> {
    const told = core.state === 'answered' && cause === 'cancelled' ? 'normal' : cause;
    if (!core.finish(told, 'us', null)) return;
    await release(told);
  }

  ringTimer = clock.after(options.ringTimeoutSeconds * 1000, () => {
    if (core.state !== 'trying' && core.state !== 'ringing') return;
    core.finish(alerted ? 'no-answer' : 'unreachable', 'timeout', null);
    void release('no-answer');
  });
  // The caller attaches its listeners first.
  queueMicrotask(() => void tryNext());

  return {
    id,
    kind,
    sessionId: options.sessionId,
    direction: 'outbound',
    get trunk() {
      return target?.trunk;
    },
    get sipCallId() {
      return attempt?.sipCallId ?? '';
    },
    sdpOffer: undefined,
    get state() {
      return core.state;
    },
    on: core.emitter.on,
    once: core.emitter.once,
    ring() {},
    answer: () => Promise.resolve({ kind: 'ended' }),
    reject() {},
    end,
    renegotiate: core.renegotiate,
    onOffer: core.setOfferHandler,
    inform: ({ contentType, disposition, text }) =>
      new Promise((resolve) => {
        const dialog = core.dialog;
        if (!dialog || dialog.closed) return resolve(undefined);
        const { link, dialogId } = dialog.options;
        const headers = { 'Content-Type': contentType, 'Content-Disposition': disposition };
        link.request(
          { method: 'UPDATE', stackDialogId: dialogId, headers, body: text },
          { response: ({ status }) => status >= 200 && resolve(status), failed: () => resolve(undefined) },
        );
      }),
    dialogFacts: () => (kind === 'trunk' ? core.dialogFacts() : undefined),
    handOver: core.handOver,
  };
}
