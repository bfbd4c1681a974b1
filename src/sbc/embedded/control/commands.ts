// What an application says to the server: the header line, its tokens, and the SIP message after it
// (drachtio control protocol; an application's SIP may lack Via, Call-ID and the like, so this is not the network's parser).
// Pure. Whether a command is allowed or makes sense is not decided here.

import type { SipHeader } from '../../../protocol/sip/message.ts';

interface AppMessageBase {
  headers: SipHeader[];
  body: string;
}
export type AppRequest = AppMessageBase & { kind: 'request'; method: string; uri: string };
export type AppResponse = AppMessageBase & { kind: 'response'; status: number; reason: string };
export type AppMessage = AppRequest | AppResponse;

export interface ProxyCommand {
  kind: 'proxy';
  id: string;
  transactionId: string;
  remainInDialog: boolean;
  fullResponse: boolean;
  followRedirects: boolean;
  simultaneous: boolean;
  provisionalTimeoutMs: number | undefined;
  finalTimeoutMs: number | undefined;
  destinations: string[];
  headers: SipHeader[];
}

export interface SipCommand {
  kind: 'sip';
  id: string;
  transactionId: string;
  dialogId: string;
  routeUrl: string;
  message: AppMessage;
}

export type Command =
  | { kind: 'authenticate'; id: string; secret: string; tags: string[] }
  | { kind: 'route' | 'remove-route'; id: string; verb: string }
  | { kind: 'ping'; id: string }
  /** Not in drachtio-server: the dialog is another server's now, so nothing is said to the far end. */
  | { kind: 'forget'; id: string; dialogId: string }
  | SipCommand
  | ProxyCommand
  | { kind: 'malformed'; id: string; because: string };

export function parseCommand(payload: string): Command {
  const lineEnd = payload.indexOf('\r\n');
  const tokens = (lineEnd < 0 ? payload : payload.slice(0, lineEnd)).split('|');
  const sip = lineEnd < 0 ? '' : payload.slice(lineEnd + 2);
  const id = tokens[0]!;
  switch (tokens[1]) {
    case 'authenticate':
      if (tokens.length < 3) return malformed(id, 'Invalid authenticate message');
      return { kind: 'authenticate', id, secret: tokens[2]!, tags: (tokens[3] ?? '').split(',').filter(Boolean) };
    case 'route':
    case 'remove_route':
      if (!tokens[2]) return malformed(id, 'Invalid route message: a verb is needed');
      return { kind: tokens[1] === 'route' ? 'route' : 'remove-route', id, verb: tokens[2].toLowerCase() };
    case 'ping':
      return { kind: 'ping', id };
    case 'forget':
      return { kind: 'forget', id, dialogId: tokens[2] ?? '' };
    case 'sip':
      return sipCommand(id, tokens, sip);
    case 'proxy':
      return proxyCommand(id, tokens, sip);
    default:
      return malformed(id, 'Unknown message type');
  }
}

function malformed(id: string, because: string): Command {
  return { kind: 'malformed', id, because };
}

function sipCommand(id: string, tokens: string[], sip: string): Command {
  const message = parseAppMessage(sip);
  if (!message) return malformed(id, 'Invalid sip message');
  return {
    kind: 'sip',
    id,
    transactionId: tokens[2] ?? '',
    dialogId: tokens[3] ?? '',
    routeUrl: tokens[4] ?? '',
    message,
  };
}

function proxyCommand(id: string, tokens: string[], sip: string): Command {
  const message = parseAppMessage(sip);
  const destinations = tokens.slice(9).filter(Boolean);
  if (!tokens[2] || destinations.length === 0) return malformed(id, 'Invalid proxy message: a destination is needed');
  return {
    kind: 'proxy',
    id,
    transactionId: tokens[2],
    remainInDialog: tokens[3] === 'remainInDialog',
    fullResponse: tokens[4] === 'fullResponse',
    followRedirects: tokens[5] === 'followRedirects',
    simultaneous: tokens[6] === 'simultaneous',
    provisionalTimeoutMs: durationMs(tokens[7]),
    finalTimeoutMs: durationMs(tokens[8]),
    destinations,
    headers: message?.headers ?? [],
  };
}

/** `2s`, `1500ms`; undefined for anything else, including an empty token. */
export function durationMs(text: string | undefined): number | undefined {
  const found = /^(\d+)(ms|s)?$/.exec(text ?? '');
  if (!found) return undefined;
  return Number(found[1]) * (found[2] === 'ms' ? 1 : 1000);
}

const responseLine = /^SIP\/2\.0 +([1-6]\d\d) *(.*)$/;
const requestLine = /^([A-Za-z0-9\-.!%*_+`'~]+) +(\S+) +SIP\/2\.0$/;

function parseAppMessage(text: string): AppMessage | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  const lines = (headEnd < 0 ? text : text.slice(0, headEnd)).split('\r\n');
  const body = headEnd < 0 ? '' : text.slice(headEnd + 4);
  const headers: SipHeader[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index]!;
    const colon = line.indexOf(':');
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const last = headers.at(-1);
      if (last) last.value += ` ${line.trim()}`;
    } else if (colon > 0) {
      headers.push({ name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() });
    }
  }
  const response = responseLine.exec(lines[0]!);
  if (response) return { kind: 'response', status: Number(response[1]), reason: response[2]!.trim(), headers, body };
  const request = requestLine.exec(lines[0]!);
  if (request) return { kind: 'request', method: request[1]!.toUpperCase(), uri: request[2]!, headers, body };
  return undefined;
}
