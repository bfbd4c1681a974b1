// Our re-INVITE (RFC 3261 §14.1). One at a time; a 491 is tried again after the back-off that breaks the tie.
// Only statuses that mean "no such dialog" end the dialog (RFC 3261 §12.2.1.2); any other refusal leaves the session as it was.

import { respond } from '../link/control-link.ts';
import type { IncomingResponse, SentRequest } from '../link/srf-types.ts';
import { looksLikeSdp } from './sdp-view.ts';
import type { SipDialog } from './sip-dialog.ts';

export type Renegotiated =
  | { kind: 'ok'; sdpAnswer: string }
  | { kind: 'refused'; sipStatus: number }
  | { kind: 'ended' };

const maxGlareRetries = 6;
/** Longer than timer B, so that the server's own 408 comes first. */
const answerTimeoutMs = 36_000;

export async function renegotiate(dialog: SipDialog, sdpOffer: string): Promise<Renegotiated> {
  for (let attempt = 0; ; attempt++) {
    if (!(await dialog.turns.beginOurs())) return { kind: 'ended' };
    let result: Renegotiated;
    try {
      result = await reinvite(dialog, sdpOffer);
    } finally {
      dialog.turns.finishOurs();
    }
    if (dialog.closed && result.kind !== 'ok') return { kind: 'ended' };
    if (result.kind !== 'refused' || result.sipStatus !== 491 || attempt >= maxGlareRetries) return result;
    await backOff(dialog);
  }
}

/** The owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms: the tie breaks by itself. */
function backOff({ options: { clock, random, role } }: SipDialog): Promise<void> {
  const delayMs = role === 'uac' ? random.integer(210, 401) * 10 : random.integer(0, 201) * 10;
  return new Promise((resolve) => clock.after(delayMs, resolve));
}

function reinvite(dialog: SipDialog, sdpOffer: string): Promise<Renegotiated> {
  const { link, dialogId, clock, log } = dialog.options;
  const before = dialog.localSdp;
  dialog.localSdp = sdpOffer;
  return new Promise((resolve) => {
    const timer = clock.after(answerTimeoutMs, () => {
      dialog.lost(408);
      done({ kind: 'ended' });
    });
    function done(result: Renegotiated): void {
      timer.cancel();
      if (result.kind !== 'ok') dialog.localSdp = before;
      resolve(result);
    }
    let sent: SentRequest | undefined;
    function onFinal(response: IncomingResponse): void {
      dialog.learn(sent, response.status < 300 ? response : undefined);
      if (response.status < 300) {
        return looksLikeSdp(response.body)
          ? done({ kind: 'ok', sdpAnswer: response.body })
          : done({ kind: 'refused', sipStatus: 488 });
      }
      if (response.status === 481 || response.status === 408) {
        dialog.lost(response.status);
        return done({ kind: 'ended' });
      }
      done({ kind: 'refused', sipStatus: response.status });
    }
    link.request(
      {
        method: 'INVITE',
        stackDialogId: dialogId,
        body: sdpOffer,
        headers: { 'Content-Type': 'application/sdp', Supported: 'timer' },
      },
      {
        sent(request) {
          sent = request;
        },
        response(response, ack) {
          if (response.status < 200) return;
          if (response.status < 300) {
            try {
              ack();
            } catch (thrown) {
              log.debug({ err: thrown }, 'an ACK could not be sent');
            }
          }
          onFinal(response);
        },
        failed(because) {
          if (because === 'refused-by-server' && !dialog.closed) dialog.lost(481);
          done(dialog.closed ? { kind: 'ended' } : { kind: 'refused', sipStatus: 503 });
        },
        // Their offer crosses ours; without one it is a refresh.
        update: (request, response) => respond(response, looksLikeSdp(request.body) ? 491 : 200),
      },
    );
  });
}
