// What the rest of the system may know about SIP: calls come in, calls go out, softphones come and go, trunks are up or down.
// The maker is sbc/drachtio-border.ts, on drachtio-srf, for our own SIP server and for drachtio-server alike.

import type { PhoneNumber } from '../privacy/phone-number.ts';
import type { Listenable } from '../shared/emitter.ts';
import type { CallId, PersonId, SessionId } from '../shared/ids.ts';
import type { Leg } from './leg.ts';

export interface InboundCall {
  leg: Leg;
  trunk: string;
  /** Undefined when the caller withheld it; `withheld` says why where the trunk tells. */
  caller: PhoneNumber | undefined;
  withheld: 'no' | 'user-request' | 'payphone' | 'unavailable' | 'unknown';
  /** The company's number as dialled (DNIS), canonical form: `+81312345678` or national-only `0120…`. */
  companyNumber: string;
  /** True when the call came from our own simulated carrier (demo). */
  demo: boolean;
}

export interface TrunkCall {
  callId: CallId;
  to: PhoneNumber;
  /** The company's number to present; must be one that the company owns. */
  presentedNumber: string;
  /** Present no number (184). */
  withhold?: boolean;
  /** Our SDP offer for a carrier that wants this profile. Called once per carrier tried. */
  offer: (profile: 'rtp' | 'srtp') => Promise<string>;
  ringTimeoutSeconds: number;
}

export interface SoftphoneCall {
  callId: CallId;
  personId: PersonId;
  /** What the desk may be told in SIP: an alias, never a number. Goes into the From display name. */
  displayName: string;
  sdpOffer: string;
  /** The desk answers by itself (outbound calls, re-attaching): Call-Info answer-after=0 and the header X-Engawa-Purpose. */
  autoAnswer?: 'outbound' | 'attach';
  ringTimeoutSeconds: number;
}

export interface BorderEvents {
  call: InboundCall;
  softphoneRegistered: { personId: PersonId; sessionId: SessionId };
  softphoneGone: {
    personId: PersonId;
    sessionId: SessionId;
    because: 'expired' | 'closed' | 'signed-out' | 'replaced';
  };
  trunkState: { trunk: string; up: boolean; because: string };
}

export interface Border extends Listenable<BorderEvents> {
  start(): Promise<void>;
  /** A call out through the trunks that may carry it, next one on failure (priority, then weight). The leg is live at once. */
  callTrunk(call: TrunkCall): Leg;
  /** Rings the softphone of a person. A leg that ends with `unreachable` at once when there is none. */
  callSoftphone(call: SoftphoneCall): Leg;
  isSoftphoneRegistered(personId: PersonId): boolean;
  /**
   * Says who is behind a WebSocket that the API let through to the SIP server: `peer` is the address and port the SIP
   * server sees (`127.0.0.1:43210`). SIP from a peer that was not admitted is refused with 403. Returns what undoes it.
   */
  admitSoftphone(peer: string, who: { personId: PersonId; sessionId: SessionId }): () => void;
  /** Where the API tunnels `/sip` to: host and port of the SIP server's ws transport. */
  readonly webSocketTarget: { host: string; port: number };
  trunks(): { name: string; up: boolean; because: string; registered: boolean | null; activeCalls: number }[];
  health(): { ok: boolean; because?: string };
  /** No new calls: 503 with Retry-After. */
  drain(): void;
  close(): Promise<void>;
}
