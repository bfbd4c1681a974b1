// The maker of the border (border.ts), on drachtio-srf: puts together the control links, the trunks, the registrar and the
// legs. Calls are never bridged in SIP here; each leg is a dialog of its own and call/ joins them.

import type { Clock } from '../shared/clock.ts';
import { createEmitter } from '../shared/emitter.ts';
import { type NodeId, newId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import { type Random, systemRandom } from '../shared/random.ts';
import { createAdmission } from './admission.ts';
import type { Border, BorderEvents, RecordingServerCall, SoftphoneCall, TrunkCall } from './border.ts';
import { type DialRules, mayDial } from './dial-rules.ts';
import type { SipGuard } from './guard/sip-guard.ts';
import { inviteForRecordingServer, inviteForSoftphone } from './header-policy.ts';
import type { Leg } from './leg.ts';
import { createAdoptedLeg } from './legs/adopted-leg.ts';
import { createOutboundLeg, type OutboundLegOptions } from './legs/outbound-leg.ts';
import { allowedMethods, type ServerLoss } from './legs/sip-dialog.ts';
import { type AcceptSettings, createAcceptedLinks } from './link/accepted-links.ts';
import { type ControlLink, respond } from './link/control-link.ts';
import type { DialledLink, LinkTiming, SipServerAddress } from './link/dialled-link.ts';
import { createSipServers } from './link/sip-servers.ts';
import type { IncomingRequest, OutgoingResponse } from './link/srf-types.ts';
import { createRegistrar, defaultSoftphoneSettings, peerOf, type SoftphoneSettings } from './softphones/registrar.ts';
import { createMemoryRegistrations, type Registration, type Registrations } from './softphones/registrations.ts';
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
  /** Where SIP servers dial us with new requests (outbound mode), besides the connections that we dial. */
  accept?: AcceptSettings;
  /** Servers of this region are preferred. */
  region?: string;
  /** Who is registered, where several nodes must know; kept in this process unless given. */
  registrations?: Registrations;
  nodeId?: NodeId;
  /** With several nodes one of them registers with the carriers: whether it is this one now. */
  mayRegister?: () => boolean;
  linkTiming?: Partial<LinkTiming>;
  /** How long a call in progress waits for a SIP server to go on with, in milliseconds, when its own is gone. */
  rescueWithinMs?: number;
  /** Is told who our trunks are, and of who guesses passwords. */
  guard?: SipGuard;
  /** How long `start` waits for a SIP server, in milliseconds. */
  connectTimeoutMs?: number;
}

/** A softphone that does not even ring within this is not there. */
const softphoneSilenceMs = 6_000;
/** A SIP server that is started again is back within this; a call without one goes on that long. */
const rescueWithinMs = 15_000;

export function createBorder(options: BorderOptions): Border {
  const { clock, domain } = options;
  const log = options.log.child({ part: 'border' });
  const random = options.random ?? systemRandom;
  const sessionExpiresSeconds = options.sessionExpiresSeconds ?? 1800;
  const emitter = createEmitter<BorderEvents>((error, eventName) =>
    log.error({ err: error, event: eventName }, 'a listener of the border failed'),
  );
  let draining = false;
  let refusing = false;
  let closing = false;

  const servers = createSipServers({
    ...{ clock, random, log, addresses: options.sipServers, region: options.region },
    ...(options.linkTiming ? { timing: options.linkTiming } : {}),
    onRequest: dispatch,
    onState: onServerState,
  });
  const accepted =
    options.accept &&
    createAcceptedLinks({ clock, log, settings: options.accept, whoDials: servers.whoDials, onRequest: dispatch });
  const trunks = options.trunks.map((settings) =>
    createTrunk({
      clock,
      random,
      log,
      settings,
      link: servers.pick,
      mayRegister: options.mayRegister,
      onState: ({ up, because }) => emitter.emit('trunkState', { trunk: settings.name, up, because }),
    }),
  );
  options.guard?.follow({
    owns: (address) => trunks.some((trunk) => trunk.ownsAddress(address)),
    isRegisteredContact: (user) => trunks.some(({ registration }) => registration?.contactUser === user),
    takesCredentials: trunks.some(({ settings }) => settings.digest && settings.addresses.length === 0),
  });
  const registrations = options.registrations ?? createMemoryRegistrations(clock);
  const registrar = createRegistrar({
    clock,
    log,
    registrations,
    nodeId: options.nodeId ?? newId('node', clock.now()),
    settings: { ...defaultSoftphoneSettings, ...options.softphones },
    emit: emitter.emit,
  });
  const rescue: ServerLoss = {
    kind: 'rescue',
    another: () => servers.pick(),
    leftBehind: ({ server, dialogId }) => servers.byName(server)?.forgetDialog?.(dialogId),
    withinMs: options.rescueWithinMs ?? rescueWithinMs,
  };
  const admission = createAdmission({
    clock,
    random,
    log,
    trunks,
    companyNumbers: new Set(options.companyNumbers),
    realm: domain,
    sessionExpiresSeconds,
    onServerLost: rescue,
    ...(options.guard ? { guard: options.guard } : {}),
    isDraining: () => refusing,
    onCall: (call) => emitter.emit('call', call),
  });

  let trunksStarted = false;
  function onServerState(link: DialledLink): void {
    const { server, up, because } = link;
    if (!up) {
      accepted?.serverLost(server);
      registrar.serverLost(server);
    }
    if (up && !trunksStarted && link.address.takesRequests !== false) {
      trunksStarted = true;
      for (const trunk of trunks) trunk.start();
    }
    emitter.emit('sipServerState', { server, up, because });
  }

  function dispatch(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void {
    // Made by the SIP server for a dialog that is already gone: nobody expects an answer.
    if (request.source === 'application') return;
    if (fromSoftphone(request, link)) onSoftphoneRequest(request, response, link);
    else admission.handle(request, response, link);
  }

  function fromSoftphone(request: IncomingRequest, link: ControlLink): boolean {
    if (registrar.isAdmitted(link.server, peerOf(request)) || /^wss?$/i.test(request.protocol)) return true;
    const port = Number(request.receivedOn?.split(':').at(-1));
    return link.sipAddresses.some((address) => /^wss?$/.test(address.protocol) && address.port === port);
  }

  function onSoftphoneRequest(request: IncomingRequest, response: OutgoingResponse, link: ControlLink): void {
    if (request.method === 'ACK') return;
    if (request.method === 'REGISTER') return registrar.register(request, response, link);
    if (!registrar.isAdmitted(link.server, peerOf(request))) return respond(response, 403);
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
        : trunks.filter(
            ({ settings: { name } }) => name === (decision.onlyTrunk ?? name) && !call.notBy?.includes(name),
          );
    const route = createTrunkRoute({
      call,
      trunks: allowed,
      random,
      domain,
      sessionExpiresSeconds,
      link: servers.pick,
    });
    const id = newId('leg', clock.now());
    return outbound(
      {
        id,
        kind: 'trunk',
        ringTimeoutSeconds: call.ringTimeoutSeconds,
        mayTransfer: false,
        onServerLost: rescue,
        next: (failed) => (closing ? Promise.resolve(undefined) : route.next(failed)),
        causeIfNone: () => (closing ? 'shutting-down' : route.causeIfNone()),
      },
      call.callId,
    );
  }

  function callRecordingServer({ callId, uri, sdpOffer, body }: RecordingServerCall): Leg {
    let tried = false;
    return outbound(
      {
        kind: 'trunk',
        ringTimeoutSeconds: 10,
        mayTransfer: false,
        // Begun anew by whoever wants it: there is nothing to save.
        onServerLost: { kind: 'rescue', another: () => undefined, withinMs: 0, leftBehind: () => {} },
        causeIfNone: () => 'unreachable',
        next: async () => {
          const link = tried ? undefined : servers.pick();
          tried = true;
          if (!link) return undefined;
          const headers = inviteForRecordingServer(uri, domain);
          const more = { trunk: undefined, firstResponseTimeoutMs: 5_000, isTargetFault: () => false };
          return { label: 'recording server', link, uri, headers, sdpOffer, body, ...more };
        },
      },
      callId,
    );
  }

  function callSoftphone(call: SoftphoneCall): Leg {
    let registration = registrations.find(call.personId);
    return outbound(
      {
        kind: 'softphone',
        sessionId: registration?.sessionId,
        ringTimeoutSeconds: call.ringTimeoutSeconds,
        mayTransfer: true,
        onServerLost: { kind: 'keep' },
        causeIfNone: () => 'unreachable',
        next: async () => {
          const to = registration;
          registration = undefined;
          const link = to && servers.byName(to.server);
          return link?.up ? softphoneTarget(call, to!, link) : undefined;
        },
      },
      call.callId,
    );
  }

  function softphoneTarget(call: SoftphoneCall, to: Registration, link: ControlLink) {
    return {
      label: 'softphone',
      trunk: undefined,
      link,
      uri: to.contactUri,
      // The flow of the REGISTER: its Contact names a host that does not exist (RFC 7118 §5.2).
      proxy: `sip:${to.peer};transport=${to.transport}`,
      headers: inviteForSoftphone(call, { domain }),
      sdpOffer: call.sdpOffer,
      firstResponseTimeoutMs: softphoneSilenceMs,
      isTargetFault: () => false,
    };
  }

  return {
    on: emitter.on,
    once: emitter.once,
    async start() {
      await servers.start(options.connectTimeoutMs ?? 10_000);
      await accepted?.start();
    },
    callTrunk,
    callSoftphone,
    callRecordingServer,
    adoptLeg({ id, callId, direction, trunk: name, dialog }) {
      const trunk = trunks.find(({ settings }) => settings.name === name);
      // It is in progress already: a limit that is reached does not end it.
      const release = trunk?.admitCall() ?? (() => {});
      const mayTransfer = direction === 'inbound' && trunk?.settings.acceptTransfers === true;
      return createAdoptedLeg({
        ...{ clock, random, log: log.child({ callId }), id, direction, trunk: name, facts: dialog, mayTransfer },
        onServerLost: rescue,
        onEnded: release,
      });
    },
    softphoneSession: (personId) => registrations.find(personId)?.sessionId,
    isSoftphoneRegistered: (personId) => registrations.find(personId) !== undefined,
    admitSoftphone(peer, who, more = {}) {
      const server = more.server ?? servers.states()[0]?.server ?? '';
      return registrar.admit({ server, peer }, who, more);
    },
    get webSocketTarget() {
      return servers.webSocketTarget() ?? { host: '127.0.0.1', port: 0, server: '' };
    },
    sipServers: () => servers.states().map((state) => ({ ...state, accepted: accepted?.count(state.server) ?? 0 })),
    addServer: servers.add,
    removeServer: servers.remove,
    trunks: () =>
      trunks.map(({ settings, state, registered, activeCalls }) => ({
        name: settings.name,
        ...state,
        registered,
        activeCalls,
      })),
    health() {
      if (draining) return { ok: false, because: 'draining' };
      const states = servers.states();
      const down = states.filter(({ up }) => !up);
      const told = down.map(({ server, because }) => `${server}: ${because}`).join('; ');
      if (states.some(({ up, takesRequests }) => up && takesRequests))
        return told ? { ok: true, because: `not all SIP servers are there (${told})` } : { ok: true };
      return { ok: false, because: `no control connection to a SIP server (${told || 'none is configured'})` };
    },
    async drain() {
      draining = true;
      // Our own server has nobody else to give them to, and refuses without saying when to come back.
      const others = (server: string) => options.nodeId !== undefined && server !== options.nodeId;
      if (servers.states().some(({ server, takesRequests }) => takesRequests && others(server)))
        await servers.release(others);
      refusing = true;
    },
    async close() {
      draining = true;
      refusing = true;
      closing = true;
      await Promise.all(trunks.map((trunk) => trunk.close()));
      accepted?.close();
      servers.close();
      registrar.close();
      emitter.clear();
    },
  };
}
