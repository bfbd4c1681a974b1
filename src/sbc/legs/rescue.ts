// A dialog whose SIP server is gone is taken up by another, or by the same one when it is back: a re-INVITE with the dialog's own
// Call-ID, tags and a higher CSeq is a target refresh for the far end (RFC 3261 §14.1), whoever sends it, and makes the dialog anew at
// the server that sent it. The media goes on meanwhile. Where that cannot be had the far end is told BYE the same way.
// Needs a far end that is reached by its Contact, or by one proxy: a longer route set cannot be handed to a SIP server.

import type { Clock } from '../../shared/clock.ts';
import type { EndCause } from '../../shared/events.ts';
import type { Logger } from '../../shared/logger.ts';
import type { ControlLink } from '../link/control-link.ts';
import type { IncomingResponse, SentRequest } from '../link/srf-types.ts';
import { reasonOf } from '../sip-cause.ts';
import { type DialogFacts, nextCSeq } from './dialog-facts.ts';

export interface RescueContext {
  clock: Clock;
  log: Logger;
  /** A SIP server that is up. */
  another: () => ControlLink | undefined;
  /** How long one is waited for. */
  withinMs: number;
}

export type Rescued =
  | { kind: 'rescued'; link: ControlLink; dialogId: string; sent: SentRequest; response: IncomingResponse }
  /** The far end knows no such dialog (any more). */
  | { kind: 'over'; sipStatus: number }
  | { kind: 'failed'; sipStatus: number | null };

const lookEveryMs = 200;
const glareMs = 2_500;
/** A far end that does not answer a re-INVITE in mid-call is not there. */
const answerWithinMs = 10_000;
/** A BYE is still worth sending that long after the end. */
const farewellWithinMs = 60_000;

/** `stillWanted` is asked before each try. */
export async function rescueDialog(
  facts: DialogFacts,
  context: RescueContext,
  stillWanted: () => boolean,
): Promise<Rescued> {
  const deadline = context.clock.now() + context.withinMs;
  let cseq = nextCSeq(facts);
  for (;;) {
    const link = await awaitLink(context, deadline, stillWanted);
    if (!link) return { kind: 'failed', sipStatus: null };
    const result = await reinvite({ ...facts, cseq: cseq++ }, link, context.clock);
    const again = result.kind === 'failed' && (result.sipStatus === null || result.sipStatus === 491);
    if (!again || context.clock.now() >= deadline || !stillWanted()) return result;
    await pause(context.clock, result.sipStatus === 491 ? glareMs : lookEveryMs);
  }
}

/** Tells the far end that it is over, as soon as there is a server to say it through. Nobody waits for this. */
export async function sendFarewell(facts: DialogFacts, context: RescueContext, cause: EndCause): Promise<void> {
  const { clock } = context;
  const link = await awaitLink(context, clock.now() + farewellWithinMs, () => true);
  link?.request(
    { method: 'BYE', ...addressed(facts, nextCSeq(facts), 'BYE', { Reason: reasonOf(cause) }) },
    {
      response: () => {},
      failed: (because) => context.log.debug({ because }, 'a BYE for a lost server went unanswered'),
    },
  );
}

async function awaitLink(
  { clock, another }: RescueContext,
  deadline: number,
  stillWanted: () => boolean,
): Promise<ControlLink | undefined> {
  for (;;) {
    if (!stillWanted()) return undefined;
    const link = another();
    if (link) return link;
    if (clock.now() >= deadline) return undefined;
    await pause(clock, lookEveryMs);
  }
}

const pause = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

function addressed(facts: DialogFacts, cseq: number, method: string, more: Record<string, string>) {
  const { sipCallId, local, remote, remoteTarget, routeSet } = facts;
  return {
    uri: remoteTarget,
    ...(routeSet[0] === undefined ? {} : { proxy: routeSet[0] }),
    headers: { 'Call-ID': sipCallId, From: local, To: remote, CSeq: `${cseq} ${method}`, ...more },
  };
}

function reinvite(facts: DialogFacts, link: ControlLink, clock: Clock): Promise<Rescued> {
  return new Promise((resolve) => {
    let sent: SentRequest | undefined;
    const late = clock.after(answerWithinMs, () => done({ kind: 'failed', sipStatus: 408 }));
    const done = (result: Rescued) => {
      late.cancel();
      resolve(result);
    };
    const offer = facts.localSdp === undefined ? {} : { body: facts.localSdp };
    const type: Record<string, string> = facts.localSdp === undefined ? {} : { 'Content-Type': 'application/sdp' };
    link.request(
      { method: 'INVITE', ...addressed(facts, facts.cseq, 'INVITE', { Supported: 'timer', ...type }), ...offer },
      {
        sent: (request) => {
          sent = request;
        },
        response(response, ack) {
          const { status } = response;
          if (status < 200) return;
          if (status >= 300)
            return done(status === 481 ? { kind: 'over', sipStatus: 481 } : { kind: 'failed', sipStatus: status });
          try {
            ack();
          } catch {
            // The link went in this moment; whoever listens to it is told.
          }
          if (sent) done({ kind: 'rescued', link, dialogId: response.stackDialogId, sent, response });
        },
        failed: () => done({ kind: 'failed', sipStatus: null }),
      },
    );
  });
}
