// Our cookies: their names and how they are set. Over TLS, ours or that of a proxy in front (http.publicUrl), each name begins with
// `__Host-` (RFC 6265bis §4.1.3.2): a browser takes it only with Secure, without Domain and with Path=/, so neither a sibling host nor
// plain http can plant one. On plain http, which is loopback, browsers refuse the prefix.
//
//   engawa_session      the session
//   engawa_half_open    between the password and the second factor; good for nothing else
//   engawa_sign_on      what is kept while the browser is at the single sign-on provider
//   engawa_device       which device this browser said it is; proves nothing

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ListenSettings } from '../needs.ts';

declare module 'fastify' {
  interface FastifyInstance {
    ownCookies: OwnCookies;
  }
}

export type OwnCookie = 'session' | 'half_open' | 'sign_on' | 'device';

export interface OwnCookies {
  readonly secure: boolean;
  nameOf(cookie: OwnCookie): string;
  of(request: FastifyRequest, cookie: OwnCookie): string | undefined;
  set(reply: FastifyReply, cookie: OwnCookie, value: string, maxAgeSeconds: number): void;
  clear(reply: FastifyReply, cookie: OwnCookie): void;
}

export const isOverTls = ({ tls, publicUrl }: Pick<ListenSettings, 'tls' | 'publicUrl'>): boolean =>
  tls !== undefined || publicUrl?.startsWith('https:') === true;

export function createOwnCookies(listen: Pick<ListenSettings, 'tls' | 'publicUrl'>): OwnCookies {
  const secure = isOverTls(listen);
  const nameOf = (cookie: OwnCookie) => `${secure ? '__Host-' : ''}engawa_${cookie}`;
  /** The way back from a provider begins at another site. */
  const options = (cookie: OwnCookie) => ({
    ...{ path: '/', httpOnly: true, secure },
    sameSite: cookie === 'sign_on' ? ('lax' as const) : ('strict' as const),
  });
  return {
    secure,
    nameOf,
    of: (request, cookie) => request.cookies[nameOf(cookie)],
    set: (reply, cookie, value, maxAge) => void reply.setCookie(nameOf(cookie), value, { ...options(cookie), maxAge }),
    clear: (reply, cookie) => void reply.clearCookie(nameOf(cookie), options(cookie)),
  };
}
