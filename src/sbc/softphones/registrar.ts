// The registrar for softphones over WebSocket (RFC 3261 §10.3, RFC 7118). No digest: who is behind a peer was proved by the
// session cookie before the WebSocket was opened; the API says so with `admit`. One binding per person, the newest wins.
// Requests to a softphone go back over the flow of its REGISTER, because its Contact (`…@xyz.invalid`) leads nowhere.
// What it knows is in registrations.ts, for this node or for all.
//
//   peer:    unknown ─admit─▶ admitted ─undo─▶ unknown
//   binding: none ─REGISTER─▶ bound ─REGISTER─▶ bound ─ expires 0, expiry, undo, newer session, server lost ─▶ none

import { type Address, parseAddress, parseAddressList } from '../../protocol/sip/address.ts';
import { paramValue } from '../../protocol/sip/params.ts';
import { parseSipUri, unescapeUri } from '../../protocol/sip/uri.ts';
import type { Clock } from '../../shared/clock.ts';
import type { NodeId, PersonId, SessionId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { BorderEvents } from '../border.ts';
import { type ControlLink, respond } from '../link/control-link.ts';
import type { IncomingRequest, OutgoingResponse } from '../link/srf-types.ts';
import type { Admission, Registration, Registrations } from './registrations.ts';

export interface SoftphoneSettings {
  minExpiresSeconds: number;
  maxExpiresSeconds: number;
  defaultExpiresSeconds: number;
}

export const defaultSoftphoneSettings: SoftphoneSettings = {
  minExpiresSeconds: 30,
  maxExpiresSeconds: 3600,
  defaultExpiresSeconds: 300,
};

interface Asks {
  onServerLost?: () => void;
  isLive?: () => boolean;
}

export interface Registrar {
  /**
   * `onServerLost` is called when the SIP server with this WebSocket is gone; `isLive` before each REGISTER is accepted: a binding is
   * made and refreshed for a live session alone. Returns what undoes the admission.
   */
  admit(
    where: { server: string; peer: string },
    who: { personId: PersonId; sessionId: SessionId },
    asks?: Asks,
  ): () => void;
  isAdmitted(server: string, peer: string): boolean;
  register(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void;
  /** Its WebSockets are gone, and with them the registrations. */
  serverLost(server: string): void;
  close(): void;
}

export interface RegistrarOptions {
  clock: Clock;
  log: Logger;
  nodeId: NodeId;
  settings: SoftphoneSettings;
  registrations: Registrations;
  emit: <Name extends 'softphoneRegistered' | 'softphoneGone'>(name: Name, event: BorderEvents[Name]) => void;
}

export function peerOf(request: IncomingRequest): string {
  return `${request.source_address}:${request.source_port}`;
}

const lookAgainMs = 100;
const mostLooks = 10;

export function createRegistrar({ clock, log, nodeId, settings, registrations, emit }: RegistrarOptions): Registrar {
  const ours = new Map<Admission, Asks>();
  const unsubscribe = [
    registrations.on('put', ({ registration, before }) => {
      const { personId, sessionId } = registration;
      // A refresh over the same flow is no news; a reload comes over a new one.
      if (before?.peer === registration.peer && before.server === registration.server) return;
      log.info({ personId, sessionId, sipServer: registration.server }, 'softphone registered');
      emit('softphoneRegistered', { personId, sessionId, nodeId: registration.nodeId });
    }),
    registrations.on('gone', ({ registration, because }) => {
      const { personId, sessionId, nodeId: at } = registration;
      log.info({ personId, sessionId, because }, 'softphone gone');
      emit('softphoneGone', { personId, sessionId, because, nodeId: at });
    }),
  ];

  function admit(
    { server, peer }: { server: string; peer: string },
    who: { personId: PersonId; sessionId: SessionId },
    asks: Asks = {},
  ): () => void {
    const admission: Admission = { server, peer, ...who, nodeId };
    ours.set(admission, asks);
    void registrations.putAdmission(admission);
    return () => {
      ours.delete(admission);
      // The port may have been given to another WebSocket since.
      void registrations.removeAdmission(admission);
      const held = registrations.find(who.personId);
      if (held?.peer === peer && held.server === server && held.sessionId === who.sessionId)
        void registrations.remove(held, 'closed');
    };
  }

  function register(request: IncomingRequest, response: OutgoingResponse, link: ControlLink, looks = 1): void {
    const peer = peerOf(request);
    const who = registrations.findAdmission(link.server, peer);
    // Another node may have let it in a moment ago, and its word is on the way.
    if (!who && nodeId !== undefined && looks < mostLooks)
      return void clock.after(lookAgainMs, () => register(request, response, link, looks + 1));
    if (!who) {
      log.warn({ peer }, 'REGISTER from a peer that was not admitted');
      return respond(response, 403);
    }
    const { personId, sessionId } = who;
    if (!isLive(link.server, peer)) {
      log.warn({ personId, sessionId }, 'REGISTER for a session that is over');
      return respond(response, 403);
    }
    const to = parseAddress(request.get('To') ?? '');
    const aor = to && parseSipUri(to.uri);
    if (!aor?.user || unescapeUri(aor.user) !== personId) {
      log.warn({ personId }, 'REGISTER for an address-of-record of somebody else');
      return respond(response, 403);
    }
    const wish = readContact(request, settings);
    if (wish.kind === 'bad') return respond(response, 400);
    const cseq = Number.parseInt(request.get('CSeq') ?? '0', 10);
    const sipCallId = request.get('Call-ID') ?? '';
    const before = registrations.find(personId);
    // RFC 3261 §10.3 step 6: an older request of the same client must not undo a newer one.
    if (before?.sipCallId === sipCallId && before.peer === peer && cseq <= before.cseq) return respond(response, 500);
    if (wish.kind === 'query') return accept(response, before);
    if (wish.kind === 'remove') {
      if (before?.sessionId === sessionId) void registrations.remove(before, 'signed-out');
      return accept(response, registrations.find(personId));
    }
    if (wish.seconds < settings.minExpiresSeconds)
      return respond(response, 423, { headers: { 'Min-Expires': String(settings.minExpiresSeconds) } });
    const fresh: Registration = {
      ...{ personId, sessionId, contactUri: wish.uri, peer, sipCallId, cseq, nodeId: who.nodeId },
      ...{ transport: transportOf(request), server: link.server, expiresAt: clock.now() + wish.seconds * 1000 },
    };
    void registrations.put(fresh);
    accept(response, fresh);
  }

  /** Of an admission of another node that node speaks: it takes it away with the session. */
  function isLive(server: string, peer: string): boolean {
    for (const [admission, asks] of ours)
      if (admission.server === server && admission.peer === peer) return asks.isLive?.() ?? true;
    return true;
  }

  function accept(response: OutgoingResponse, held: Registration | undefined): void {
    if (!held) return respond(response, 200);
    const left = Math.max(1, Math.round((held.expiresAt - clock.now()) / 1000));
    respond(response, 200, { headers: { Contact: `<${held.contactUri}>;expires=${left}` } });
  }

  return {
    admit,
    isAdmitted: (server, peer) => registrations.findAdmission(server, peer) !== undefined,
    register,
    serverLost(server) {
      for (const [admission, { onServerLost }] of [...ours]) if (admission.server === server) onServerLost?.();
      for (const registration of registrations.all())
        if (registration.server === server && registration.nodeId === nodeId)
          void registrations.remove(registration, 'server-lost');
    },
    close() {
      for (const undo of unsubscribe) undo();
    },
  };
}

type ContactWish =
  | { kind: 'bind'; uri: string; seconds: number }
  | { kind: 'remove' }
  | { kind: 'query' }
  | { kind: 'bad' };

function readContact(request: IncomingRequest, settings: SoftphoneSettings): ContactWish {
  const value = request.get('Contact')?.trim();
  const header = request.get('Expires');
  if (!value) return { kind: 'query' };
  if (value === '*') return { kind: header?.trim() === '0' ? 'remove' : 'bad' };
  const contacts = parseAddressList(value);
  if (!contacts || contacts.length === 0) return { kind: 'bad' };
  const wishes = contacts.map((contact) => ({ uri: contact.uri, seconds: expiresOf(contact, header, settings) }));
  // A client that moved to a new flow may drop its old Contact in the same request; one flow carries one.
  const live = wishes.filter(({ seconds }) => seconds > 0);
  if (live.length > 1) return { kind: 'bad' };
  const [one] = live;
  if (!one) return { kind: 'remove' };
  return parseSipUri(one.uri) ? { kind: 'bind', ...one } : { kind: 'bad' };
}

function expiresOf(contact: Address, header: string | undefined, settings: SoftphoneSettings): number {
  const seconds = Number.parseInt(paramValue(contact.params, 'expires') ?? header ?? '', 10);
  return Number.isNaN(seconds)
    ? settings.defaultExpiresSeconds
    : Math.min(Math.max(0, seconds), settings.maxExpiresSeconds);
}

function transportOf(request: IncomingRequest): 'ws' | 'wss' {
  return /SIP\s*\/\s*2\.0\s*\/\s*WSS/i.test(request.get('Via') ?? '') && request.protocol !== 'ws' ? 'wss' : 'ws';
}
