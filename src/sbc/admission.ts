// What happens to a request that opens something: an INVITE of a carrier becomes an inbound call or a refusal, OPTIONS of a
// carrier an answer, everything from elsewhere a refusal.
//
// Unknown sources that come this far get 403, not silence: the SIP server has said 100 Trying before we see the INVITE, so silence
// would hide nothing and only hold the transaction for a minute. Our own SIP server does not let them come this far
// (guard/sip-guard.ts). They are logged once a minute each.

import { parseTrunkNumber } from '../privacy/number-forms.ts';
import { parseAddress } from '../protocol/sip/address.ts';
import { parseUri, unescapeUri } from '../protocol/sip/uri.ts';
import type { Clock } from '../shared/clock.ts';
import type { EndCause } from '../shared/events.ts';
import type { Logger } from '../shared/logger.ts';
import type { Random } from '../shared/random.ts';
import type { InboundCall } from './border.ts';
import { loggableCallId, readCaller, readDiverting } from './caller-identity.ts';
import { createDigestVerifier } from './digest/verifier.ts';
import type { SipGuard } from './guard/sip-guard.ts';
import { createInboundLeg } from './legs/inbound-leg.ts';
import { allowedMethods, type ServerLoss } from './legs/sip-dialog.ts';
import { type ControlLink, respond } from './link/control-link.ts';
import type { IncomingRequest, OutgoingResponse } from './link/srf-types.ts';
import { refusalOf } from './sip-cause.ts';
import type { Trunk } from './trunks/trunk.ts';

export interface AdmissionOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  trunks: readonly Trunk[];
  /** Canonical. */
  companyNumbers: ReadonlySet<string>;
  realm: string;
  sessionExpiresSeconds: number;
  onServerLost: ServerLoss;
  guard?: SipGuard;
  isDraining: () => boolean;
  onCall: (call: InboundCall) => void;
}

export interface Admission {
  handle(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void;
}

const defaultAlgorithms: ('SHA-256' | 'MD5')[] = ['SHA-256', 'MD5'];
const supported = new Set(['100rel', 'timer']);
const quietMs = 60_000;
const maxQuiet = 1_000;

export function createAdmission(options: AdmissionOptions): Admission {
  const { clock, log, trunks } = options;
  const verifier = createDigestVerifier<Trunk>({ clock, random: options.random, realm: options.realm });
  const heardOf = new Map<string, number>();

  function refuse(response: OutgoingResponse, cause: EndCause): void {
    const { status, headers } = refusalOf(cause);
    respond(response, status, { headers });
  }

  function reportStranger(request: IncomingRequest): void {
    const [from = '', to = ''] = [request.get('From'), request.get('To')];
    options.guard?.refused({ address: request.source_address, userAgent: request.get('User-Agent'), from, to });
    const now = clock.now();
    if (now - (heardOf.get(request.source_address) ?? -quietMs) < quietMs) return;
    if (heardOf.size >= maxQuiet) heardOf.clear();
    heardOf.set(request.source_address, now);
    log.warn({ source: request.source_address, method: request.method }, 'SIP from an unknown source refused');
  }

  /** By the random Contact we registered, by source address, and by credentials where the trunk asks for them. */
  function identify(request: IncomingRequest): Trunk | { challenge: string } | undefined {
    const uri = parseUri(request.uri);
    const user = uri && 'user' in uri ? uri.user : undefined;
    const registered = trunks.find(({ registration }) => registration && registration.contactUser === user);
    if (registered) return registered;
    const byAddress = trunks.filter((trunk) => trunk.ownsAddress(request.source_address));
    const open = byAddress.find(({ settings }) => !settings.digest);
    if (open) return open;
    const asking = trunks.filter(
      (trunk) => trunk.settings.digest && (trunk.settings.addresses.length === 0 || byAddress.includes(trunk)),
    );
    if (asking.length === 0) return undefined;
    const verdict = verifier.check(request.get('Authorization'), request, (username) => {
      const trunk = asking.find(({ settings }) => settings.digest?.user === username);
      return trunk && { password: trunk.settings.digest!.password, who: trunk };
    });
    if (verdict.kind === 'ok') return verdict.who;
    if (verdict.kind === 'wrong') {
      options.guard?.strike(request.source_address, 'digest-guessing');
      return undefined;
    }
    // Several trunks may wait behind one challenge; what all of them take is offered.
    const [first, ...others] = asking.map(({ settings }) => settings.digest!.algorithms ?? defaultAlgorithms);
    const common = first!.filter((algorithm) => others.every((other) => other.includes(algorithm)));
    return { challenge: verifier.challenge(verdict.stale, common.length > 0 ? common : defaultAlgorithms) };
  }

  function onInvite(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void {
    const trunk = identify(request);
    if (trunk === undefined) {
      reportStranger(request);
      return respond(response, 403);
    }
    if ('challenge' in trunk) return respond(response, 401, { headers: { 'WWW-Authenticate': trunk.challenge } });
    if (request.get('Max-Forwards')?.trim() === '0') return respond(response, 483);
    const unsupported = (request.get('Require') ?? '').split(',').flatMap((one) => one.trim().toLowerCase() || []);
    const unknown = unsupported.filter((one) => !supported.has(one));
    if (unknown.length > 0) return respond(response, 420, { headers: { Unsupported: unknown.join(', ') } });
    const type = request.get('Content-Type')?.split(';')[0]?.trim().toLowerCase();
    if (request.body && type !== 'application/sdp')
      return respond(response, 415, { headers: { Accept: 'application/sdp' } });
    if (options.isDraining()) return refuse(response, 'shutting-down');
    const companyNumber = dialled(request, trunk, options.companyNumbers);
    if (companyNumber === undefined) {
      log.info({ trunk: trunk.settings.name }, 'a call for a number that is not ours');
      return refuse(response, 'not-found');
    }
    const release = trunk.admitCall();
    if (!release) {
      log.warn({ trunk: trunk.settings.name }, 'a trunk is full');
      return refuse(response, 'overload');
    }
    accept({ request, response, link, trunk, companyNumber, release });
  }

  function accept(call: {
    request: IncomingRequest;
    response: OutgoingResponse;
    link: ControlLink;
    trunk: Trunk;
    companyNumber: string;
    release: () => void;
  }): void {
    const { request, response, link, companyNumber, release } = call;
    const { settings } = call.trunk;
    const { caller, withheld } = readCaller(request, {
      trustAsserted: settings.identity.trustAsserted,
      form: settings.formIn,
      withheldTexts: settings.identity.withheldTexts,
    });
    const divertedBy = readDiverting(request, settings.formIn);
    const leg = createInboundLeg({
      ...options,
      link,
      request,
      response,
      trunk: settings.name,
      sipCallId: loggableCallId(request),
      mayTransfer: settings.acceptTransfers,
      onEnded: release,
    });
    options.onCall({ leg, trunk: settings.name, caller, withheld, divertedBy, companyNumber, demo: settings.demo });
  }

  function onOptions(request: IncomingRequest, response: OutgoingResponse): void {
    if (!trunks.some((trunk) => trunk.ownsAddress(request.source_address))) {
      reportStranger(request);
      return respond(response, 403);
    }
    if (options.isDraining()) return refuse(response, 'shutting-down');
    respond(response, 200, {
      headers: { Allow: allowedMethods, Accept: 'application/sdp', Supported: 'timer, 100rel' },
    });
  }

  return {
    handle(request, response, link) {
      switch (request.method) {
        case 'ACK':
          return;
        case 'INVITE':
          return onInvite(request, response, link);
        case 'OPTIONS':
          return onOptions(request, response);
        case 'REGISTER':
          reportStranger(request);
          return respond(response, 403);
        case 'SUBSCRIBE':
          return respond(response, 489);
        default:
          if (/;\s*tag\s*=/i.test(request.get('To') ?? '')) return respond(response, 481);
          return respond(response, 405, { headers: { Allow: allowedMethods } });
      }
    },
  };
}

/** The company's number that was dialled, canonical; undefined when it is none of ours. */
function dialled(request: IncomingRequest, { settings }: Trunk, ours: ReadonlySet<string>): string | undefined {
  const source = {
    'request-uri': request.uri,
    to: parseAddress(request.get('To') ?? '')?.uri,
    'p-called-party-id': parseAddress(request.get('P-Called-Party-ID') ?? '')?.uri,
  }[settings.calledNumberFrom];
  const uri = source === undefined ? undefined : parseUri(source);
  if (!uri || uri.scheme === 'other') return undefined;
  const text = uri.scheme === 'tel' ? source!.slice(4) : unescapeUri(uri.user ?? '');
  // Short numbers of the company's own (the demo's 9196 …) are in no number plan.
  if (ours.has(text)) return text;
  const parsed = parseTrunkNumber(text, settings.formIn);
  if (parsed.kind !== 'number') return undefined;
  const canonical = parsed.number.reveal();
  return ours.has(canonical) ? canonical : undefined;
}
