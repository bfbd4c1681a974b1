// The Fetch API, as libraries want it, through the guard of outgoing requests: listed hosts only, no redirect, bounded time and size.

import type { SendGuarded } from '../../shared/http/guarded-request.ts';

const timeoutMs = 10_000;
const maxResponseBytes = 1024 * 1024;

type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export function guardedFetch(send: SendGuarded): Fetch {
  return async (url, init = {}) => {
    const method = init.method ?? 'GET';
    if (method !== 'GET' && method !== 'POST') throw new TypeError(`${method} is not sent to a provider`);
    const body = init.body === undefined || init.body === null ? undefined : String(init.body);
    const headers = Object.fromEntries(new Headers(init.headers).entries());
    const answer = await send({
      url,
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      timeoutMs,
      maxResponseBytes,
    });
    // As fetch does when there is no answer.
    if (answer.kind === 'failed') throw new TypeError(`no answer of ${new URL(url).host}: ${answer.because}`);
    const { status, contentType } = answer;
    const empty = status === 204 || status === 304;
    return new Response(empty ? null : new Uint8Array(answer.body), {
      status,
      headers: contentType ? { 'content-type': contentType } : {},
    });
  };
}
