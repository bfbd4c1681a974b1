// SIP over WebSocket (RFC 7118) on the port of the page, at /sip?ticket=…. Who asks must be signed in, at a desk, on our page, and
// bring a ticket that was minted for this session and not used before (identity/softphone-tickets.ts), before a single byte of SIP
// is read; otherwise the bare socket gets an HTTP answer. A connection lives no longer than its session or its hold of the desk,
// and not when nothing is heard from it for two registration periods.

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SignedIn } from '../../identity/identity.ts';
import { hasSoftphone } from '../../identity/permissions.ts';
import type { SoftphoneTickets } from '../../identity/softphone-tickets.ts';
import { asError } from '../../shared/errors.ts';
import type { PersonId, SessionId } from '../../shared/ids.ts';
import { translate } from '../errors.ts';
import { isOwnOrigin } from '../guard/caller.ts';
import { createClientAddress } from '../guard/client-address.ts';
import { createOwnCookies } from '../guard/cookies.ts';
import type { DeviceDoor } from '../guard/device-door.ts';
import type { ApiLimits, ApiNeeds } from '../needs.ts';
import { refuseUpgrade, upgradeProblem } from './raw-http.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';

export interface Softphones {
  readonly connections: number;
  close(): void;
}

const leastIdleMs = 60_000;
const idleCheckMs = 10_000;

export function acceptSoftphones(
  server: Server,
  needs: ApiNeeds & { limits: ApiLimits; deviceDoor?: DeviceDoor },
  tickets: Pick<SoftphoneTickets, 'redeem'>,
): Softphones {
  const { identity, softphone, limits, clock, log } = needs;
  const address = createClientAddress(needs.listen.trustedProxies);
  const sessionCookie = createOwnCookies(needs.listen).nameOf('session');
  const perSession = new Map<SessionId, Set<Tunnel>>();
  const owners = new Map<Tunnel, PersonId>();
  const idleMs = Math.max(leastIdleMs, softphone.registerExpiresSeconds * 2000);
  let closed = false;
  const all = () => [...perSession.values()].flatMap((tunnels) => [...tunnels]);

  async function take(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    if (request.url?.split('?')[0] !== '/sip') return refuseUpgrade(socket, 404);
    if (closed || needs.nodes?.isDraining()) return refuseUpgrade(socket, 503, 'The service is being stopped.');
    const problem = upgradeProblem(request);
    if (problem) return refuseUpgrade(socket, problem.status, problem.detail);
    const { origin, host, cookie } = request.headers;
    if (origin === undefined || !isOwnOrigin(origin, host, needs.listen))
      return refuseUpgrade(socket, 403, 'This request comes from another site.');
    const token = readCookie(cookie, sessionCookie);
    const who = token && (await identity.bySessionToken(token, address.of(request)));
    if (!who) return refuseUpgrade(socket, 401);
    if (!hasSoftphone(who.person)) return refuseUpgrade(socket, 403, 'This person has no desk.');
    const ticket = new URL(request.url, 'http://softphone').searchParams.get('ticket');
    if (!ticket || !(await tickets.redeem(ticket, who.session)))
      return refuseUpgrade(socket, 401, 'A fresh ticket for the softphone is needed.');
    const refused = await needs.deviceDoor?.refusesSoftphone(who, request, address.of(request));
    if (refused) return refuseUpgrade(socket, 403, refused);
    // It may have hung up while we asked.
    if (socket.destroyed || socket.readableEnded) {
      socket.destroy();
      return;
    }
    open(request, socket, head, who);
  }

  function open(request: IncomingMessage, browser: Socket, head: Buffer, { session, person }: SignedIn): void {
    const tunnels = perSession.get(session.id) ?? new Set();
    perSession.set(session.id, tunnels);
    // After a change of network the old connection is dead long before we know: the new one goes first.
    for (const oldest of [...tunnels].slice(0, Math.max(0, tunnels.size - limits.softphonesPerSession + 1)))
      oldest.close('replaced by a newer one');
    const who = { personId: person.id, sessionId: session.id };
    const target = softphone.tunnelTarget();
    const onServerLost = () => tunnel.close('the SIP server is gone');
    const tunnel = openTunnel({
      browser,
      head,
      request,
      target,
      admit: (peer) =>
        softphone.admit(peer, who, {
          ...(target.server ? { server: target.server } : {}),
          onServerLost,
          isLive: () => identity.isLive(session.id),
        }),
      frames: { messageBytes: limits.softphoneMessageBytes, messagesPerSecond: limits.softphoneMessagesPerSecond },
      upgradeTimeoutMs: limits.upgradeTimeoutMs,
      clock,
      log: log.child(who),
      onClose: () => {
        tunnels.delete(tunnel);
        owners.delete(tunnel);
        if (tunnels.size === 0 && perSession.get(session.id) === tunnels) perSession.delete(session.id);
      },
    });
    tunnels.add(tunnel);
    owners.set(tunnel, person.id);
  }

  const onUpgrade = (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket;
    socket.on('error', (error) => log.debug({ err: error }, 'a socket failed during its upgrade'));
    take(request, socket, head).catch((thrown) => {
      const { kind } = translate(thrown);
      log.warn({ err: asError(thrown) }, 'a softphone could not be let in');
      refuseUpgrade(socket, kind.status);
    });
  };
  server.on('upgrade', onUpgrade);
  const offSessions = identity.onSessionEnded(({ session, because }) => {
    const tunnels = [...(perSession.get(session.id) ?? [])];
    for (const tunnel of tunnels) tunnel.close(`signed out: ${because}`);
    if (tunnels.length > 0) needs.devices?.cut(session.id, { softphones: tunnels.length });
  });
  const offShut = needs.devices?.door.onShut(({ sessionId }) => {
    for (const tunnel of perSession.get(sessionId) ?? []) tunnel.close('the rules for devices shut it');
  });
  const offReplaced = softphone.onReplaced?.(({ sessionId }) => {
    for (const tunnel of perSession.get(sessionId) ?? []) tunnel.close('the desk was opened elsewhere');
  });
  const offMoves = needs.nodes?.onPageMoves((personId) => {
    for (const [tunnel, owner] of owners) if (owner === personId) tunnel.close('another node serves this desk');
  });
  const idleCheck = clock.every(idleCheckMs, () => {
    const now = clock.now();
    for (const tunnel of all()) if (now - tunnel.heardAt > idleMs) tunnel.close('nothing was heard for too long');
  });

  return {
    get connections() {
      return all().length;
    },
    close() {
      closed = true;
      offSessions();
      offShut?.();
      offReplaced?.();
      offMoves?.();
      idleCheck.cancel();
      for (const tunnel of all()) tunnel.close('the service is being stopped');
    },
  };
}

function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
