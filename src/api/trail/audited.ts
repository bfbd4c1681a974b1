// Who asks, in the words of the audit log.

import type { FastifyRequest } from 'fastify';
import type { AuditActor } from '../../identity/audit/audit.ts';

/** Of a request that may or may not be signed in. */
export function actorOf({ caller, ip, headers }: FastifyRequest): AuditActor {
  const userAgent = headers['user-agent']?.slice(0, 300);
  const origin = { address: ip, ...(userAgent === undefined ? {} : { userAgent }) };
  if (!caller) return { origin };
  if (caller.kind === 'key') return { keyId: caller.key.id, origin };
  const { id, deviceId } = caller.session;
  return {
    personId: caller.person.id,
    origin: { ...origin, sessionId: id, ...(deviceId === undefined ? {} : { deviceId }) },
  };
}
