// What the server says to an application: the header lines of `sip`, `response` and `cdr:*` (drachtio control protocol).
// Pure. Token positions are what drachtio-srf reads; an empty token stays empty.

import { randomUUID } from 'node:crypto';
import type { Flow } from '../layers.ts';

/** Where a SIP message came from or went to, as drachtio words it. */
export interface Meta {
  source: 'network' | 'application';
  bytes: number;
  protocol: string;
  address: string;
  port: number | string;
  time: string;
}

let cachedAtMs = Number.NaN;
let cachedTime = '';

/** UTC time of day with microseconds, `19:49:42.663000`. By arithmetic: two of a hundred parts of the server's CPU went into Date. */
function timeOfDay(atMs: number): string {
  if (atMs !== cachedAtMs) {
    cachedAtMs = atMs;
    const part = (unitMs: number, modulus: number, digits = 2) =>
      String(Math.floor(atMs / unitMs) % modulus).padStart(digits, '0');
    cachedTime = `${part(3_600_000, 24)}:${part(60_000, 60)}:${part(1000, 60)}.${part(1, 1000, 3)}000`;
  }
  return cachedTime;
}

/** The message came from, or went to, the far end of `flow`. */
export function farEnd(source: Meta['source'], text: string, flow: Flow | undefined, atMs: number): Meta {
  const bytes = text.length === 0 ? 0 : Buffer.byteLength(text);
  if (!flow) return { source, bytes, protocol: 'unknown', address: '', port: '', time: timeOfDay(atMs) };
  return { source, bytes, protocol: flow.protocol, address: flow.address, port: flow.port, time: timeOfDay(atMs) };
}

function metaTokens(meta: Meta): string {
  return `${meta.source}|${meta.bytes}|${meta.protocol}|${meta.address}|${meta.port}|${meta.time}`;
}

/** A SIP message from the network (or one that the server made) for the application. */
export function sipEnvelope(
  meta: Meta,
  ids: { transactionId: string; dialogId: string },
  receivedOn: Flow | undefined,
  text: string,
): string {
  const on = receivedOn ? `|${receivedOn.localAddress}|${receivedOn.localPort}` : '';
  return `${randomUUID()}|sip|${metaTokens(meta)}|${ids.transactionId}|${ids.dialogId}${on}|\r\n${text}`;
}

export function responseEnvelope(requestId: string, result: 'OK' | 'NO' | 'NOK', detail?: string): string {
  return `${randomUUID()}|response|${requestId}|${result}${detail === undefined ? '' : `|${detail}`}`;
}

/** The answer to a `sip` command that sent a request: one token less than for responses. */
export function sentRequestDetail(meta: Meta, transactionId: string, text: string): string {
  return `${metaTokens(meta)}|${transactionId}|Msg sent:|\r\n${text}`;
}

/** The answer to a `sip` command that sent a response. drachtio-srf takes its dialog's id, tag and Contact from here. */
export function sentResponseDetail(meta: Meta, transactionId: string, dialogId: string, text: string): string {
  return `${metaTokens(meta)}|${transactionId}|${dialogId}||Msg sent:|\r\n${text}`;
}

/** One branch's final answer while proxying; the application keeps waiting for `done`. */
export function proxyProgressDetail(meta: Meta, text: string): string {
  return `${metaTokens(meta)}|||continue\r\n${text}`;
}

export type CdrEvent = 'attempt' | 'start' | 'stop';

export function cdrEnvelope(
  event: CdrEvent,
  source: Meta['source'],
  atMs: number,
  detail: string | undefined,
  text: string,
): string {
  const tail = detail === undefined ? '' : `|${detail}`;
  return `${randomUUID()}|cdr:${event}|${source}|${timeOfDay(atMs)}${tail}\r\n${text}`;
}
