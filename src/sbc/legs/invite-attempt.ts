// One INVITE to one target: credentials (RFC 8760) and a longer session timer (422) are answered by one more INVITE each;
// CANCEL at any time. A 2xx is acknowledged here, wanted or not, because only an acknowledged dialog can be ended.

import { randomUUID } from 'node:crypto';
import type { Timer } from '../../shared/clock.ts';
import type { EndCause } from '../../shared/events.ts';
import { answerChallenge, type Credentials } from '../digest/answer.ts';
import { type ControlLink, isServersFault, respond } from '../link/control-link.ts';
import type {
  Acknowledge,
  IncomingRequest,
  IncomingResponse,
  OutgoingResponse,
  SentRequest,
} from '../link/srf-types.ts';
import { reasonOf } from '../sip-cause.ts';
import type { LegContext } from './leg-core.ts';
import { looksLikeSdp } from './sdp-view.ts';

export interface InviteTarget {
  /** For logs: the trunk and host, or `softphone`. */
  label: string;
  trunk: string | undefined;
  link: ControlLink;
  uri: string;
  /** Next hop, when it is not the host of `uri`. */
  proxy?: string;
  headers: Record<string, string>;
  sdpOffer: string;
  /** What the INVITE carries instead of the offer alone: the offer with something beside it. */
  body?: { contentType: string; text: string };
  credentials?: Credentials;
  /** Gives up when nothing at all came back; 0 leaves it to the SIP server (32 s). */
  firstResponseTimeoutMs: number;
  /** Decides whether this status means that the next target is to be tried. Null: no response. */
  isTargetFault: (status: number | null) => boolean;
  /** Set by the attempt after a failure. */
  triesNext?: boolean;
  /** Frees what was counted for the attempt. */
  release?: () => void;
}

export interface InviteProgress {
  provisional(response: IncomingResponse): void;
  answered(response: IncomingResponse, sent: SentRequest | undefined): void;
  /** At most once, when there is no 2xx. Not after `cancel`. `ourServer`: our own SIP server did not do its part. */
  failed(status: number | null, reason: string | undefined, ourServer?: boolean): void;
}

export interface InviteAttempt {
  readonly sipCallId: string;
  /** Resolves when the far end confirmed, or nothing is left to confirm. */
  cancel(cause: EndCause): Promise<void>;
}

/** Challenge, stale challenge, and a session timer that was too short. */
const maxResends = 3;
/** The SIP server's own BYE comes at once, if it sends one. */
const disposeAfterMs = 200;

export function sendInvite({
  clock,
  log,
  target,
  progress,
}: LegContext & { target: InviteTarget; progress: InviteProgress }): InviteAttempt {
  const sipCallId = randomUUID();
  let request: SentRequest | undefined;
  let resends = 0;
  let cancelled: EndCause | undefined;
  let cancelSent = false;
  let over = false;
  let silence: Timer | undefined;
  let settleCancel: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    settleCancel = resolve;
  });

  function finish(): boolean {
    if (over) return false;
    over = true;
    silence?.cancel();
    settleCancel();
    return true;
  }

  function fail(status: number | null, reason?: string, ourServer = false): void {
    const wanted = !cancelled;
    if (!finish() || !wanted) return;
    target.triesNext = target.isTargetFault(status);
    progress.failed(status, reason, ourServer);
  }

  function send(headers: Record<string, string>): void {
    target.link.request(
      {
        method: 'INVITE',
        uri: target.uri,
        ...(target.proxy === undefined ? {} : { proxy: target.proxy }),
        headers: { 'Call-ID': sipCallId, ...headers, 'Content-Type': target.body?.contentType ?? 'application/sdp' },
        body: target.body?.text ?? target.sdpOffer,
      },
      {
        sent(outgoing) {
          request = outgoing;
          cancelSent = false;
          if (cancelled) sendCancel();
        },
        response: onResponse,
        failed(because) {
          log.debug({ because, target: target.label }, 'an INVITE got no answer');
          fail(null, undefined, isServersFault(because));
        },
        update: onUpdate,
      },
    );
  }

  function onResponse(response: IncomingResponse, ack: Acknowledge): void {
    silence?.cancel();
    if (response.status < 200) {
      if (response.has('RSeq')) acknowledge(ack);
      return progress.provisional(response);
    }
    if (response.status < 300) {
      acknowledge(ack);
      if (cancelled || over) return dispose(response.stackDialogId);
      finish();
      return progress.answered(response, request);
    }
    if (!resend(response)) fail(response.status, response.get('Reason'));
  }

  /** A 2xx that crossed our CANCEL (RFC 3261 §9.1). Some SIP servers end that dialog themselves; then there is nothing to do. */
  function dispose(dialogId: string): void {
    let ended = false;
    const unbind = target.link.bindDialog(dialogId, (incoming, response) => {
      if (incoming.method === 'BYE') ended = true;
      if (incoming.method !== 'ACK') respond(response, incoming.method === 'BYE' ? 200 : 481);
    });
    const settled = () => {
      finish();
      clock.after(5_000, unbind);
    };
    clock.after(disposeAfterMs, () => {
      if (ended) return settled();
      const headers = { Reason: reasonOf('cancelled') };
      target.link.request({ method: 'BYE', stackDialogId: dialogId, headers }, { response: settled, failed: settled });
    });
  }

  /** True when another INVITE went out because of this response. */
  function resend(response: IncomingResponse): boolean {
    if (cancelled || !request || resends >= maxResends) return false;
    const headers = betterHeaders(response, request);
    if (!headers) return false;
    resends++;
    const cseq = Number.parseInt(request.get('CSeq') ?? '1', 10) + 1;
    const from = request.get('From') ?? target.headers['From'] ?? '';
    send({ ...target.headers, ...headers, From: from, CSeq: `${cseq} INVITE` });
    return true;
  }

  function betterHeaders(response: IncomingResponse, outgoing: SentRequest): Record<string, string> | undefined {
    if (response.status === 422) {
      const minimum = Number.parseInt(response.get('Min-SE') ?? '', 10);
      return minimum > 0 && minimum <= 86_400
        ? { 'Session-Expires': String(minimum), 'Min-SE': String(minimum) }
        : undefined;
    }
    if ((response.status !== 401 && response.status !== 407) || !target.credentials) return undefined;
    return answerChallenge(response, {
      credentials: target.credentials,
      method: 'INVITE',
      uri: outgoing.uri,
      body: target.sdpOffer,
      again: resends > 0,
    });
  }

  function acknowledge(ack: Acknowledge): void {
    try {
      ack();
    } catch (thrown) {
      log.debug({ err: thrown }, 'an acknowledgement could not be sent');
    }
  }

  /** UPDATE in the early dialog: a refresh is fine; a new offer would need an answer we have no endpoint state for yet. */
  function onUpdate(update: IncomingRequest, response: OutgoingResponse): void {
    respond(response, looksLikeSdp(update.body) ? 491 : 200);
  }

  function sendCancel(): void {
    if (!request || cancelSent || over) return;
    cancelSent = true;
    try {
      request.cancel({ headers: { Reason: reasonOf(cancelled ?? 'cancelled') } }, (error) => {
        if (error) log.debug({ err: error }, 'a CANCEL was refused');
      });
    } catch (thrown) {
      log.debug({ err: thrown }, 'a CANCEL could not be sent');
      fail(null);
    }
  }

  if (target.firstResponseTimeoutMs > 0) {
    silence = clock.after(target.firstResponseTimeoutMs, () => {
      if (over || cancelled) return;
      log.info({ target: target.label }, 'a target is silent');
      cancelled = 'no-answer';
      sendCancel();
      target.triesNext = target.isTargetFault(null);
      progress.failed(null, undefined);
    });
  }
  send(target.headers);

  return {
    sipCallId,
    cancel(cause) {
      cancelled ??= cause;
      sendCancel();
      return over ? Promise.resolve() : done;
    },
  };
}
