// The maker of the border (border.ts), on drachtio-srf: puts together the control links, the trunks, the registrar and the
// legs. Calls are never bridged in SIP here; each leg is a dialog of its own and call/ joins them.

import type { Clock } from '../shared/clock.ts';
import { createEmitter } from '../shared/emitter.ts';
import { AppError } from '../shared/errors.ts';
import { newId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import { type Random, systemRandom } from '../shared/random.ts';
import { createAdmission } from './admission.ts';
import type { Border, BorderEvents, SoftphoneCall, TrunkCall } from './border.ts';
import { type DialRules, mayDial } from './dial-rules.ts';
import { inviteForSoftphone } from './header-policy.ts';
import type { Leg } from './leg.ts';
import { createOutboundLeg, type OutboundLegOptions } from './legs/outbound-leg.ts';
import { allowedMethods } from './legs/sip-dialog.ts';
import { type ControlLink, createControlLink, respond, type SipServerAddress } from './link/control-link.ts';
import type { IncomingRequest, OutgoingResponse } from './link/srf-types.ts';
import {
  type Binding,
  createRegistrar,
  defaultSoftphoneSettings,
  peerOf,
  type SoftphoneSettings,
} from './softphones/registrar.ts';
import type { TrunkSettings } from './trunk-settings.ts';
import { createTrunk } from './trunks/trunk.ts';
import { createTrunkRoute } from './trunks/trunk-call.ts';

export interface BorderOptions {
  clock: Clock;
  log: Logger;
  random?: Random;
  /** Control ports of one or more SIP servers. */
  sipServers: readonly SipServerAddress[];
  trunks: readonly TrunkSettings[];
  /** Every number the company owns, canonical: `+81312345678`, or national-only `0120…`. */
  companyNumbers: readonly string[];
  /** Our domain: in addresses-of-record of softphones, and in From towards carriers that have none of their own. */
  domain: string;
  /** Session-Expires towards carriers (RFC 4028); 0 turns session timers off. */
  sessionExpiresSeconds?: number;
  softphones?: Partial<SoftphoneSettings>;
  /** What may be dialled; `defaultDialRules` unless given. Holds for every call out, also to an alias and from a flow. */
  dialRules?: DialRules;
  /** Where `/sip` is tunnelled to, when the SIP server does not tell (drachtio-server reports ws as tcp). */
  webSocketTarget?: { host: string; port: number };
  /** How long `start` waits for a SIP server, in milliseconds. */
  connectTimeoutMs?: number;
}

/** A softphone that does not even ring within this is not there. */
const softphoneSilenceMs = 6_000;

export function createBorder(options: BorderOptions): Border {
  const { clock, domain } = options;
  const log = options.log.child({ part: 'border' });
  const random = options.random ?? systemRandom;
  const sessionExpiresSeconds = options.sessionExpiresSeconds ?? 1800;
  const emitter = createEmitter<BorderEvents>((error, eventName) =>
    log.error({ err: error, event: eventName }, 'a listener of the border failed'),
  );
  let draining = false;
  let turn = 0;

  const links = options.sipServers.map((server) =>
    createControlLink({ clock, log, server, onRequest: dispatch, onState: (up) => up && onLinkUp() }),
  );
  const trunks = options.trunks.map((settings) =>
    createTrunk({
      clock,
      random,
      log,
      settings,
      link: anyLink,
      onState: ({ up, because }) => emitter.emit('trunkState', { trunk: settings.name, up, because }),
    }),
  );
  const registrar = createRegistrar({
    clock,
    log,
    settings: { ...defaultSoftphoneSettings, ...options.softphones },
    emit: emitter.emit,
  });
  const admission = createAdmission({
    clock,
    random,
    log,
    trunks,
    companyNumbers: new Set(options.companyNumbers),
    realm: domain,
    sessionExpiresSeconds,
    isDraining: () => draining,
    onCall: (call) => emitter.emit('call', call),
  });

  /** A connected control link, in turns; undefined when there is none. */
  function anyLink(): ControlLink | undefined {
    const up = links.filter((link) => link.up);
    return up[turn++ % Math.max(1, up.length)];
  }

  let trunksStarted = false;
  function onLinkUp(): void {
    if (trunksStarted) return;
    trunksStarted = true;
    for (const trunk of trunks) trunk.start();
  }

  function dispatch(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void {
    // Made by the SIP server for a dialog that is already gone: nobody expects an answer.
    if (request.source === 'application') return;
    if (fromSoftphone(request, link)) onSoftphoneRequest(request, response, link);
    else admission.handle(request, response, link);
  }

  function fromSoftphone(request: IncomingRequest, link: ControlLink): boolean {
    if (registrar.isAdmitted(peerOf(request)) || /^wss?$/i.test(request.protocol)) return true;
    const port = Number(request.receivedOn?.split(':').at(-1));
    if (port === options.webSocketTarget?.port) return true;
    return link.sipAddresses.some((address) => /^wss?$/.test(address.protocol) && address.port === port);
  }

  function onSoftphoneRequest(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void {
    if (request.method === 'ACK') return;
    if (request.method === 'REGISTER') return registrar.register(request, response, link);
    if (!registrar.isAdmitted(peerOf(request))) return respond(response, 403);
    if (request.method === 'OPTIONS') return respond(response, 200, { headers: { Allow: allowedMethods } });
    if (/;\s*tag\s*=/i.test(request.get('To') ?? '')) return respond(response, 481);
    // Calls always begin here, on the desk's request through the API: a softphone cannot dial in SIP.
    respond(response, 403);
  }

  function outbound(leg: Omit<OutboundLegOptions, 'clock' | 'random' | 'log' | 'onEnded'>, callId: string): Leg {
    return createOutboundLeg({ ...leg, clock, random, log: log.child({ callId }), onEnded: () => {} });
  }

  function callTrunk(call: TrunkCall): Leg {
    const decision = mayDial(call.to, options.dialRules);
    if (decision.kind === 'denied') {
      const { numberClass, because } = decision;
      log.warn({ callId: call.callId, numberClass, because }, 'a call out was refused by the dialling rules');
    }
    const allowed =
      decision.kind === 'denied'
        ? []
        : trunks.filter(({ settings }) => settings.name === (decision.onlyTrunk ?? settings.name));
    const route = createTrunkRoute({ call, trunks: allowed, random, domain, sessionExpiresSeconds, link: anyLink });
    const id = newId('leg', clock.now());
    return outbound(
      {
        id,
        kind: 'trunk',
        ringTimeoutSeconds: call.ringTimeoutSeconds,
        mayTransfer: false,
        next: (failed) => (draining ? Promise.resolve(undefined) : route.next(failed)),
        causeIfNone: () => (draining ? 'shutting-down' : route.causeIfNone()),
      },
      call.callId,
    );
  }

  function callSoftphone(call: SoftphoneCall): Leg {
    let binding = registrar.binding(call.personId);
    return outbound(
      {
        kind: 'softphone',
        ringTimeoutSeconds: call.ringTimeoutSeconds,
        mayTransfer: true,
        causeIfNone: () => 'unreachable',
        next: async () => {
          const to = binding;
          binding = undefined;
          return to && softphoneTarget(call, to);
        },
      },
      call.callId,
    );
  }

  function softphoneTarget(call: SoftphoneCall, binding: Binding) {
    return {
      label: 'softphone',
      trunk: undefined,
      link: binding.link,
      uri: binding.contactUri,
      // The flow of the REGISTER: its Contact names a host that does not exist (RFC 7118 §5.2).
      proxy: `sip:${binding.peer};transport=${binding.transport}`,
      headers: inviteForSoftphone(call, { domain }),
      sdpOffer: call.sdpOffer,
      firstResponseTimeoutMs: softphoneSilenceMs,
      isTargetFault: () => false,
    };
  }

  function webSocketTarget(): { host: string; port: number } {
    if (options.webSocketTarget) return options.webSocketTarget;
    const addresses = links.filter((link) => link.up).flatMap((link) => link.sipAddresses);
    const { host, port } = addresses.find((address) => address.protocol === 'ws') ?? { host: '127.0.0.1', port: 0 };
    return { host, port };
  }

  return {
    on: emitter.on,
    once: emitter.once,
    async start() {
      const starts = links.map((link) => link.start(options.connectTimeoutMs ?? 10_000));
      const failures = (await Promise.allSettled(starts)).flatMap((one) =>
        one.status === 'rejected' ? [one.reason] : [],
      );
      // One server is enough to take calls; the others are tried for ever, and health and log say that they are missing.
      if (failures.length === links.length) throw failures[0] ?? noSipServer();
      for (const err of failures) log.error({ err }, 'a SIP server is not reachable');
    },
    callTrunk,
    callSoftphone,
    isSoftphoneRegistered: (personId) => registrar.binding(personId) !== undefined,
    admitSoftphone: registrar.admit,
    get webSocketTarget() {
      return webSocketTarget();
    },
    trunks: () =>
      trunks.map(({ settings, state, registered, activeCalls }) => ({
        name: settings.name,
        ...state,
        registered,
        activeCalls,
      })),
    health() {
      if (draining) return { ok: false, because: 'draining' };
      const down = links.filter((link) => !link.up);
      if (down.length < links.length) return { ok: true };
      const because = down.map((link) => `${link.name}: ${link.because}`).join('; ') || 'no SIP server configured';
      return { ok: false, because: `no control connection to a SIP server (${because})` };
    },
    drain() {
      draining = true;
    },
    async close() {
      draining = true;
      await Promise.all(trunks.map((trunk) => trunk.close()));
      for (const link of links) link.close();
      emitter.clear();
    },
  };
}

function noSipServer(): AppError {
  return new AppError('config-invalid', 'No SIP server is configured: name at least one control port.');
}
