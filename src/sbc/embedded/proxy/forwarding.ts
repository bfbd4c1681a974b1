// What a proxy does to the messages it passes on (RFC 3261 §16.6, §16.7, §16.4). Pure.
// A Record-Route of ours carries a mark made from the Call-ID, so that only dialogs which an application had us stay in are
// forwarded later; nobody can use us as a relay.

import { createHmac } from 'node:crypto';
import { parseAddress } from '../../../protocol/sip/address.ts';
import { header, headerKey, type SipHeader, type SipRequest, type SipResponse } from '../../../protocol/sip/message.ts';
import { paramValue, splitList } from '../../../protocol/sip/params.ts';
import { parseSipUri } from '../../../protocol/sip/uri.ts';

const markParam = 'engawa-mark';

export function markOf(secret: string, callId: string): string {
  return createHmac('sha256', secret).update(callId).digest('hex').slice(0, 16);
}

export function recordRoute(hostPort: string, protocol: string, mark: string): string {
  const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
  return `<sip:${hostPort}${transport};lr;${markParam}=${mark}>`;
}

export interface Forwarding {
  uri: string;
  extra: readonly SipHeader[];
  /** Put in front of the Record-Route set, or of the Path of a REGISTER. */
  stayIn: string | undefined;
}

/** A copy of the request to send on; undefined when it has been forwarded often enough. */
export function forwardedRequest(request: SipRequest, { uri, extra, stayIn }: Forwarding): SipRequest | undefined {
  const hops = Number.parseInt(header(request, 'max-forwards') ?? '70', 10);
  if (!(hops > 0)) return undefined;
  const headers: SipHeader[] = [];
  const replaced = new Set(extra.map(({ name }) => headerKey(name)));
  for (const each of request.headers) {
    const key = headerKey(each.name);
    if (key === 'max-forwards') headers.push({ name: 'Max-Forwards', value: String(hops - 1) });
    else if (!replaced.has(key)) headers.push(each);
  }
  if (header(request, 'max-forwards') === undefined) headers.push({ name: 'Max-Forwards', value: '70' });
  if (stayIn !== undefined) {
    const register = request.method === 'REGISTER';
    headers.unshift({ name: register ? 'Path' : 'Record-Route', value: stayIn });
    if (register) headers.push({ name: 'Require', value: 'path' });
  }
  headers.push(...extra);
  return { kind: 'request', method: request.method, uri, headers, body: request.body };
}

/** The response without our Via. */
export function forwardedResponse(response: SipResponse): SipResponse {
  const headers: SipHeader[] = [];
  let ours = true;
  for (const each of response.headers) {
    if (!ours || headerKey(each.name) !== 'via') {
      headers.push(each);
      continue;
    }
    ours = false;
    const left = splitList(each.value).slice(1);
    if (left.length > 0) headers.push({ name: each.name, value: left.join(', ') });
  }
  return { ...response, headers };
}

export interface PoppedRoute {
  request: SipRequest;
  /** The first Route URI that is left, if any. */
  next: string | undefined;
}

/** The request without the Route that names us; undefined when its top Route is not ours or carries no valid mark. */
export function popOurRoute(
  request: SipRequest,
  mark: string,
  isOurs: (uri: string) => boolean,
): PoppedRoute | undefined {
  const routes = request.headers
    .filter(({ name }) => headerKey(name) === 'route')
    .flatMap(({ value }) => splitList(value));
  const top = parseAddress(routes[0] ?? '');
  const uri = top && parseSipUri(top.uri);
  if (!uri || !isOurs(top.uri) || paramValue(uri.params, markParam) !== mark) return undefined;
  // Between two of our transports we are in the set twice.
  const left = routes.slice(1);
  const second = parseAddress(left[0] ?? '')?.uri;
  if (second && isOurs(second)) left.shift();
  const headers = request.headers.filter(({ name }) => headerKey(name) !== 'route');
  const at = headers.findIndex(({ name }) => headerKey(name) !== 'via');
  headers.splice(at < 0 ? headers.length : at, 0, ...left.map((value) => ({ name: 'Route', value })));
  return { request: { ...request, headers }, next: parseAddress(left[0] ?? '')?.uri };
}

/** Which of two final responses to pass on (RFC 3261 §16.7, step 6): 6xx, then the lowest class, then what can be acted on. */
export function better(a: SipResponse | undefined, b: SipResponse): SipResponse {
  if (!a) return b;
  return rank(b) < rank(a) ? b : a;
}

function rank({ status }: SipResponse): number {
  if (status >= 600) return 0;
  const actable = [401, 407, 415, 420, 484].indexOf(status);
  const within = actable >= 0 ? actable / 100 : 0.5;
  const stackMade = status === 408 || status === 503 ? 0.3 : 0;
  return Math.floor(status / 100) + within + stackMade;
}
