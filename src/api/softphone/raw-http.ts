// The few lines of HTTP that an upgrade needs on a bare socket (RFC 9112, RFC 6455 §4): an answer that refuses, the request
// as it goes on to the SIP server, the answer that comes back.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { kindOfStatus, problemBody } from '../errors.ts';

const reasons: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  426: 'Upgrade Required',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** Answers on the bare socket and closes it. */
export function refuseUpgrade(socket: Socket, status: number, detail?: string): void {
  if (socket.destroyed) return;
  const body = JSON.stringify(problemBody({ kind: kindOfStatus(status), detail }));
  const head = [
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...(status === 426 ? ['Upgrade: websocket', 'Sec-WebSocket-Version: 13'] : []),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // The other side may have more to say than we want to hear.
  socket.resume();
  setTimeout(() => socket.destroy(), 1000).unref();
}

/** What is wrong with it as a request for SIP over WebSocket (RFC 7118 §4.1); undefined: nothing. */
export function upgradeProblem(request: IncomingMessage): { status: number; detail: string } | undefined {
  const { headers } = request;
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (request.method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket')
    return { status: 400, detail: 'This address takes WebSockets only.' };
  if (headers['sec-websocket-version'] !== '13') return { status: 426, detail: 'WebSocket version 13 is needed.' };
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? ''))
    return { status: 400, detail: 'Sec-WebSocket-Key is not right.' };
  if (!protocols.includes('sip')) return { status: 400, detail: 'The sub-protocol sip is needed.' };
  return undefined;
}

/** The request for the SIP server: what it needs, and no cookie, no key, no word about the browser or its address. */
export function requestForSipServer(request: IncomingMessage, target: { host: string; port: number }): string {
  return [
    'GET / HTTP/1.1',
    `Host: ${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${request.headers['sec-websocket-key']}`,
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: sip',
    '',
    '',
  ].join('\r\n');
}

const maxAnswerHead = 16 * 1024;
const toldHeaders = /^(upgrade|connection|sec-websocket-accept|sec-websocket-protocol):/i;

/** Reads the SIP server's answer as it comes. */
export function createAnswerReader(): {
  /** Undefined: more is needed. `head` is for the browser, `rest` the first bytes after it. */
  see(bytes: Buffer): { kind: 'switched'; head: string; rest: Buffer } | { kind: 'refused' } | undefined;
} {
  let seen = Buffer.alloc(0);
  return {
    see(bytes) {
      seen = Buffer.concat([seen, bytes]);
      const end = seen.indexOf('\r\n\r\n');
      if (end === -1) return seen.length > maxAnswerHead ? { kind: 'refused' } : undefined;
      const [statusLine, ...lines] = seen.subarray(0, end).toString('latin1').split('\r\n');
      if (!/^HTTP\/1\.1 101\b/.test(statusLine ?? '')) return { kind: 'refused' };
      const told = lines.filter((line) => toldHeaders.test(line));
      const head = ['HTTP/1.1 101 Switching Protocols', ...told, '', ''].join('\r\n');
      return { kind: 'switched', head, rest: seen.subarray(end + 4) };
    },
  };
}
