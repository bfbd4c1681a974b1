// A leg: one party's side of a call, outward in call events only (ARCHITECTURE.md).
// Its SIP is behind it. SDP passes through as opaque text between the leg and its media endpoint.

import type { Listenable } from '../shared/emitter.ts';
import type { EndCause } from '../shared/events.ts';
import type { LegId, SessionId } from '../shared/ids.ts';
import type { DialogFacts } from './legs/dialog-facts.ts';

export type { DialogFacts } from './legs/dialog-facts.ts';

/**
 *   inbound:   offered ─ring─▶ ringing ─answer─▶ answered ─▶ ended
 *   outbound:  trying ─▶ ringing ─▶ answered ─▶ ended          (early media may come in trying or ringing)
 */
export type LegState = 'offered' | 'trying' | 'ringing' | 'answered' | 'ended';

export interface LegEvents {
  /** Outbound: the far end is alerting its user. */
  ringing: Record<string, never>;
  /** Outbound: a provisional response brought an SDP answer. */
  earlyMedia: { sdpAnswer: string };
  /** Outbound: answered; for every leg: the dialog is confirmed. `sdpAnswer` is undefined on inbound legs. */
  answered: { sdpAnswer?: string };
  /** The far end put us on hold, or took us back (direction of its latest offer). */
  held: Record<string, never>;
  resumed: Record<string, never>;
  /** A digit by SIP INFO. */
  digit: { digit: string; durationMs: number };
  /** The far end sent REFER. Answered 202 already; `report` sends the NOTIFYs. `target` is the user part of Refer-To. */
  transferAsked: { target: string; report: (outcome: 'trying' | 'ok' | 'failed') => void };
  /**
   * The far end's answer to an offer that nobody awaits: one that it asked for by a re-INVITE without SDP, or one with which another
   * SIP server took up the dialog. For the endpoint's acceptAnswer.
   */
  answerReceived: { sdpAnswer: string };
  /** Exactly once, whatever happened. `by` is who ended it. */
  ended: { cause: EndCause; by: 'far-end' | 'us' | 'timeout'; sipStatus: number | null };
}

/** Answers an offer of the far end (re-INVITE, UPDATE) with the endpoint's answer, or says that it cannot (488). */
export type OfferHandler = (sdpOffer: string) => Promise<{ kind: 'ok'; sdpAnswer: string } | { kind: 'incompatible' }>;

export type OfferMaker = () => Promise<string>;

export interface Leg extends Listenable<LegEvents> {
  readonly id: LegId;
  readonly kind: 'trunk' | 'softphone';
  readonly direction: 'inbound' | 'outbound';
  readonly state: LegState;
  /** SIP's Call-ID, for logs only. */
  readonly sipCallId: string;
  /** The trunk's name, or undefined for a softphone. */
  readonly trunk: string | undefined;
  /** Of a softphone: the session over which it was registered when it was called. */
  readonly sessionId?: SessionId | undefined;
  /** Inbound: the offer of the INVITE; undefined when it came without (we then offer in the 200). */
  readonly sdpOffer: string | undefined;

  /** Inbound: 180, or 183 with `sdpAnswer` (early media). Does nothing once answered or ended. */
  ring(options?: { sdpAnswer?: string }): void;
  /**
   * Inbound: 200. With a late offer `sdp` is our offer and the far end's answer is in the result.
   * Resolves once the ACK is there; `ended` when the caller was faster.
   */
  answer(sdp: string): Promise<{ kind: 'ok'; sdpAnswer?: string } | { kind: 'ended' }>;
  /** Inbound and not yet answered: final refusal. */
  reject(cause: EndCause): void;
  /** Ends the leg from any state: CANCEL, refusal or BYE, whichever fits. Resolves when the far end knows or has timed out. */
  end(cause?: EndCause): Promise<void>;
  /** Our re-INVITE. Waits its turn behind others and retries glare (491, RFC 3261 §14.1). */
  renegotiate(
    sdpOffer: string,
  ): Promise<{ kind: 'ok'; sdpAnswer: string } | { kind: 'refused'; sipStatus: number } | { kind: 'ended' }>;
  /**
   * Tells the far end something that is no offer, by UPDATE (RFC 3311). Of legs that we began; resolves with the status, undefined when
   * there is none.
   */
  inform?(body: { contentType: string; disposition: string; text: string }): Promise<number | undefined>;
  /**
   * The dialog as plain data, for another node to go on with (`Border.adoptLeg`); undefined before the answer, after the end, and
   * for softphones, which come back by themselves. Changes with every offer and answer: ask again after each.
   */
  dialogFacts?(): DialogFacts | undefined;
  /**
   * Lets go of an answered leg without a word to the far end, because another node adopts it. Emits nothing. What the far end
   * still sends to the SIP server of this leg gets 481.
   */
  handOver?(): DialogFacts | undefined;
  /**
   * Who answers the far end's offers. Until set, they wait (at most a second, then 488). `makeOffer` makes ours when the far
   * end asks for one by a re-INVITE without SDP (RFC 3261 §14.2); without it our last SDP is offered again.
   */
  onOffer(handler: OfferHandler, makeOffer?: OfferMaker): void;
}
