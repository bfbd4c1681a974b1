// What the rest of the system may know about SIP: calls come in, calls go out, softphones come and go, trunks are up or down.
// The maker is sbc/drachtio-border.ts, on drachtio-srf, for our own SIP server and for drachtio-server alike.

import type { PhoneNumber } from '../privacy/phone-number.ts';
import type { Listenable } from '../shared/emitter.ts';
import type { CallId, LegId, NodeId, PersonId, SessionId } from '../shared/ids.ts';
import type { DialogFacts, Leg } from './leg.ts';
import type { SipServerAddress } from './link/dialled-link.ts';
import type { SipServerState } from './link/sip-servers.ts';

export type { SipServerAddress } from './link/dialled-link.ts';
export type { SipServerState } from './link/sip-servers.ts';

export interface InboundCall {
  leg: Leg;
  trunk: string;
  /** Undefined when the caller withheld it; `withheld` says why where the trunk tells. */
  caller: PhoneNumber | undefined;
  withheld: 'no' | 'user-request' | 'payphone' | 'unavailable' | 'unknown';
  /** Numbers that sent this call on, as far as the network tells. */
  divertedBy?: readonly PhoneNumber[];
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
  /** Names of trunks that may not carry it, because what may be spent on them is spent. */
  notBy?: readonly string[];
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
  autoAnswer?: 'outbound' | 'attach' | 'monitor' | 'measure';
  ringTimeoutSeconds: number;
}

/** A recording session with a company's own recording server (RFC 7866). */
export interface RecordingServerCall {
  callId: CallId;
  /** Where it is, as `sips:srs.example` or `sip:10.0.0.9:5061;transport=tls`. */
  uri: string;
  sdpOffer: string;
  /** The offer and the metadata, together. */
  body: { contentType: string; text: string };
}

export interface BorderEvents {
  call: InboundCall;
  /** On every node that knows of it; `nodeId` is the one that took the REGISTER. */
  softphoneRegistered: { personId: PersonId; sessionId: SessionId; nodeId?: NodeId };
  softphoneGone: {
    personId: PersonId;
    sessionId: SessionId;
    because: 'expired' | 'closed' | 'signed-out' | 'replaced' | 'server-lost';
    nodeId?: NodeId;
  };
  /** A SIP server's control connection came or went. What was on a server that went is over when this is told. */
  sipServerState: { server: string; up: boolean; because: string };
  trunkState: { trunk: string; up: boolean; because: string };
}

export interface Border extends Listenable<BorderEvents> {
  start(): Promise<void>;
  /** A call out through the trunks that may carry it, next one on failure (priority, then weight). The leg is live at once. */
  callTrunk(call: TrunkCall): Leg;
  /** Rings the softphone of a person. A leg that ends with `unreachable` at once when there is none. */
  callSoftphone(call: SoftphoneCall): Leg;
  /** A leg that only sends: nothing of it is heard by anybody. `Leg.inform` tells the server more. */
  callRecordingServer(call: RecordingServerCall): Leg;
  /**
   * Goes on with a leg of a node that is gone, or that gives it away (`Leg.handOver`). The far end gets a re-INVITE with `dialog`
   * (put another offer into `localSdp` when the media is elsewhere now); its answer comes as `answerReceived`, and `ended` when it
   * cannot be had. The leg is answered from the beginning; attach listeners at once.
   */
  adoptLeg(adopted: {
    id: LegId;
    callId: CallId;
    direction: 'inbound' | 'outbound';
    trunk: string | undefined;
    dialog: DialogFacts;
  }): Leg;
  isSoftphoneRegistered(personId: PersonId): boolean;
  /** The session over which the softphone of this person is registered, on whichever node. */
  softphoneSession(personId: PersonId): SessionId | undefined;
  /**
   * Says who is behind a WebSocket that the API let through to a SIP server: `peer` is the address and port the SIP server
   * sees (`127.0.0.1:43210`), `server` the one that `webSocketTarget` named (any, when there is only one). SIP from a peer that
   * was not admitted is refused with 403. `isLive` is asked at each REGISTER: of a session that
   * is over none is accepted. `onServerLost` is called when that server is gone or hangs: close the WebSocket, so
   * that the softphone comes back through another. Returns what undoes the admission.
   */
  admitSoftphone(
    peer: string,
    who: { personId: PersonId; sessionId: SessionId },
    options?: { server?: string; onServerLost?: () => void; isLive?: () => boolean },
  ): () => void;
  /** Where the API tunnels the next `/sip` to: the ws transport of a SIP server that is up. Port 0: there is none. */
  readonly webSocketTarget: { host: string; port: number; server: string };
  /** `accepted`: control connections that the server made to us and that are in use. */
  sipServers(): (SipServerState & { accepted: number })[];
  /**
   * Works with one more SIP server from now on, or with one of the same name at another address. With `takesRequests: false` it is
   * only used to reach softphones registered there (another node's server).
   */
  addServer(address: SipServerAddress): void;
  /** Lets go of a SIP server; what is on it ends as if it had died. False: there is none of that name. */
  removeServer(name: string): boolean;
  trunks(): { name: string; up: boolean; because: string; registered: boolean | null; activeCalls: number }[];
  health(): { ok: boolean; because?: string };
  /**
   * No new calls: with several nodes, SIP servers of nobody's own are asked to give them to the others, and what they give us until
   * they have heard it is taken; everything else gets 503 with Retry-After. Calls that are there go on, and call out. Resolves when
   * no new one can come.
   */
  drain(): Promise<void>;
  close(): Promise<void>;
}
