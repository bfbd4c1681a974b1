// The registrar for softphones over WebSocket (RFC 3261 §10.3, RFC 7118). No digest: who is behind a peer was proved by the
// session cookie before the WebSocket was opened; the API says so with `admit`. One binding per person, the newest wins.
// Requests to a softphone go back over the flow of its REGISTER, because its Contact (`…@xyz.invalid`) leads nowhere.
//
//   peer:    unknown ─admit─▶ admitted ─undo─▶ unknown
//   binding: none ─REGISTER─▶ bound ─REGISTER─▶ bound ─ expires 0, expiry, undo, newer session ─▶ none

import { type Address, parseAddress, parseAddressList } from '../../protocol/sip/address.ts';
import { paramValue } from '../../protocol/sip/params.ts';
import { parseSipUri, unescapeUri } from '../../protocol/sip/uri.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import type { PersonId, SessionId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/logger.ts';
import type { BorderEvents } from '../border.ts';
import { type ControlLink, respond } from '../link/control-link.ts';
import type { IncomingRequest, OutgoingResponse } from '../link/srf-types.ts';

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

export interface Binding {
  personId: PersonId;
  sessionId: SessionId;
  /** The Contact as registered, the Request-URI of what we send. */
  contactUri: string;
  /** `address:port`, as the SIP server sees the flow. */
  peer: string;
  transport: 'ws' | 'wss';
  link: ControlLink;
  expiresAt: number;
}

export interface Registrar {
  admit(peer: string, who: { personId: PersonId; sessionId: SessionId }): () => void;
  isAdmitted(peer: string): boolean;
  binding(personId: PersonId): Binding | undefined;
  register(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void;
}

export interface RegistrarOptions {
  clock: Clock;
  log: Logger;
  settings: SoftphoneSettings;
  emit: <Name extends 'softphoneRegistered' | 'softphoneGone'>(name: Name, event: BorderEvents[Name]) => void;
}

interface Held extends Binding {
  sipCallId: string;
  cseq: number;
  expiry: Timer;
}

export function peerOf(request: IncomingRequest): string {
  return `${request.source_address}:${request.source_port}`;
}

export function createRegistrar({ clock, log, settings, emit }: RegistrarOptions): Registrar {
  const admitted = new Map<string, { personId: PersonId; sessionId: SessionId }>();
  const bindings = new Map<PersonId, Held>();

  function remove(held: Held, because: BorderEvents['softphoneGone']['because']): void {
    if (bindings.get(held.personId) !== held) return;
    bindings.delete(held.personId);
    held.expiry.cancel();
    log.info({ personId: held.personId, sessionId: held.sessionId, because }, 'softphone gone');
    emit('softphoneGone', { personId: held.personId, sessionId: held.sessionId, because });
  }

  function admit(peer: string, who: { personId: PersonId; sessionId: SessionId }): () => void {
    admitted.set(peer, who);
    return () => {
      // The port may have been given to another WebSocket since.
      if (admitted.get(peer) === who) admitted.delete(peer);
      const held = bindings.get(who.personId);
      if (held?.peer === peer && held.sessionId === who.sessionId) remove(held, 'closed');
    };
  }

  function register(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void {
    const peer = peerOf(request);
    const who = admitted.get(peer);
    if (!who) {
      log.warn({ peer }, 'REGISTER from a peer that was not admitted');
      return respond(response, 403);
    }
    const to = parseAddress(request.get('To') ?? '');
    const aor = to && parseSipUri(to.uri);
    if (!aor?.user || unescapeUri(aor.user) !== who.personId) {
      log.warn({ personId: who.personId }, 'REGISTER for an address-of-record of somebody else');
      return respond(response, 403);
    }
    const wish = readContact(request, settings);
    if (wish.kind === 'bad') return respond(response, 400);
    const cseq = Number.parseInt(request.get('CSeq') ?? '0', 10);
    const sipCallId = request.get('Call-ID') ?? '';
    const before = bindings.get(who.personId);
    // RFC 3261 §10.3 step 6: an older request of the same client must not undo a newer one.
    if (before?.sipCallId === sipCallId && before.peer === peer && cseq <= before.cseq) return respond(response, 500);
    if (wish.kind === 'query') return accept(response, before);
    if (wish.kind === 'remove') {
      if (before?.sessionId === who.sessionId) remove(before, 'signed-out');
      return accept(response, bindings.get(who.personId));
    }
    if (wish.seconds < settings.minExpiresSeconds)
      return respond(response, 423, { headers: { 'Min-Expires': String(settings.minExpiresSeconds) } });
    bind({ ...who, contactUri: wish.uri, peer, transport: transportOf(request), link, sipCallId, cseq }, wish.seconds);
    accept(response, bindings.get(who.personId));
  }

  function bind(fresh: Omit<Held, 'expiresAt' | 'expiry'>, seconds: number): void {
    const before = bindings.get(fresh.personId);
    if (before && before.sessionId !== fresh.sessionId) remove(before, 'replaced');
    before?.expiry.cancel();
    const held: Held = {
      ...fresh,
      expiresAt: clock.now() + seconds * 1000,
      expiry: clock.after(seconds * 1000, () => remove(held, 'expired')),
    };
    bindings.set(fresh.personId, held);
    // A refresh over the same flow is no news; a reload comes over a new one.
    if (before && before.sessionId === fresh.sessionId && before.peer === fresh.peer) return;
    log.info({ personId: fresh.personId, sessionId: fresh.sessionId }, 'softphone registered');
    emit('softphoneRegistered', { personId: fresh.personId, sessionId: fresh.sessionId });
  }

  function accept(response: OutgoingResponse, held: Held | undefined): void {
    if (!held) return respond(response, 200);
    const left = Math.max(1, Math.round((held.expiresAt - clock.now()) / 1000));
    respond(response, 200, { headers: { Contact: `<${held.contactUri}>;expires=${left}` } });
  }

  return {
    admit,
    isAdmitted: (peer) => admitted.has(peer),
    binding: (personId) => bindings.get(personId),
    register,
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
