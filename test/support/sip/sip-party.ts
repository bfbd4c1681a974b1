// A SIP party for tests, over UDP, a WebSocket or TLS (as the server): it does what the test tells it, message by message, right or wrong, and
// keeps every byte it received. No transactions, no retransmissions, no own opinion. What it sends is written here by hand,
// not with the serializer of src/, so that the two cannot share a mistake; sipp is the second opinion.

import { randomBytes, randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { eventually } from '../eventually.ts';
import { ownAddress } from '../own-address.ts';

export interface PartyMessage {
  /** The first line. */
  line: string;
  method: string | undefined;
  status: number | undefined;
  body: string;
  text: string;
  /** Values of a header, by any case of its long name. */
  all(name: string): string[];
  get(name: string): string | undefined;
}

export interface SipParty {
  readonly host: string;
  readonly port: number;
  readonly transport: 'UDP' | 'WS' | 'TLS';
  /** Everything received, oldest first. */
  readonly received: PartyMessage[];
  /** Every byte received, as text. */
  bytes(): string;
  send(text: string): void;
  /** The next message that fits and that no earlier `next` returned, be it a retransmission. */
  next(what: string, fits?: (message: PartyMessage) => boolean, withinMs?: number): Promise<PartyMessage>;
  /** The same message once more. */
  again(message: PartyMessage, withinMs?: number): Promise<PartyMessage>;
  /** Skips retransmissions of what was taken. */
  nextRequest(method: string, withinMs?: number): Promise<PartyMessage>;
  /** Skips retransmissions, and provisional responses unless asked for one. */
  nextResponse(status?: number, withinMs?: number): Promise<PartyMessage>;
  /** Where requests of this party go. */
  remote: { host: string; port: number };
  close(): void;
}

export function readMessage(text: string): PartyMessage {
  const split = text.indexOf('\r\n\r\n');
  const head = split < 0 ? text : text.slice(0, split);
  const [line = '', ...lines] = head.split('\r\n');
  const all = (name: string) =>
    lines.flatMap((one) => {
      const colon = one.indexOf(':');
      return one.slice(0, colon).trim().toLowerCase() === name.toLowerCase() ? [one.slice(colon + 1).trim()] : [];
    });
  return {
    line,
    method: line.startsWith('SIP/2.0') ? undefined : line.split(' ')[0],
    status: line.startsWith('SIP/2.0') ? Number(line.split(' ')[1]) : undefined,
    body: split < 0 ? '' : text.slice(split + 4),
    text,
    all,
    get: (name) => all(name)[0],
  };
}

interface Wire {
  host: string;
  port: number;
  send(text: string, to: { host: string; port: number }): void;
  close(): void;
}

function party(
  transport: SipParty['transport'],
  remote: { host: string; port: number },
  wire: Wire,
  inbox: PartyMessage[],
): SipParty {
  const taken = new Set<PartyMessage>();
  const next: SipParty['next'] = async (what, fits = () => true, withinMs = 20_000) => {
    const found = await eventually(what, () => inbox.find((one) => !taken.has(one) && fits(one)), {
      withinMs,
      everyMs: 5,
    });
    taken.add(found);
    return found;
  };
  // On a slow machine the far end sends again what was taken already; that is not the next one.
  const isNew = (message: PartyMessage) => ![...taken].some((one) => one.text === message.text);
  const self: SipParty = {
    host: wire.host,
    port: wire.port,
    transport,
    remote,
    received: inbox,
    bytes: () => inbox.map((one) => one.text).join('\n'),
    send: (text) => wire.send(text, self.remote),
    next,
    again: (message, withinMs) => next('the same again', (one) => one.text === message.text, withinMs),
    nextRequest: (method, withinMs) => next(`a ${method}`, (one) => one.method === method && isNew(one), withinMs),
    nextResponse: (status, withinMs) =>
      next(
        status ? `a ${status}` : 'a final response',
        (one) => (status ? one.status === status : (one.status ?? 0) >= 200) && isNew(one),
        withinMs,
      ),
    close: wire.close,
  };
  return self;
}

export function createUdpParty(remote: { host: string; port: number }, host = ownAddress): Promise<SipParty> {
  const socket = createSocket('udp4');
  const inbox: PartyMessage[] = [];
  socket.on('message', (data) => void inbox.push(readMessage(data.toString('utf8'))));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, () => {
      const { port } = socket.address();
      const wire: Wire = {
        host,
        port,
        send: (text, to) => socket.send(text, to.port, to.host),
        close: () => socket.close(),
      };
      resolve(party('UDP', remote, wire, inbox));
    });
  });
}

/** Waits for connections; what it sends goes to the latest. Its messages are framed by Content-Length (RFC 3261 §18.3). */
export function createTlsParty(certificate: { cert: string; key: string }, host = ownAddress): Promise<SipParty> {
  const inbox: PartyMessage[] = [];
  const sockets: TLSSocket[] = [];
  const server = createServer(certificate, (socket) => {
    sockets.push(socket);
    let pending = '';
    socket.on('error', () => undefined);
    // One byte is one character: lengths are bytes.
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      pending += chunk;
      for (;;) {
        const head = pending.indexOf('\r\n\r\n');
        const length = Number(/^Content-Length: *(\d+)/im.exec(pending.slice(0, head))?.[1] ?? 0);
        if (head < 0 || pending.length < head + 4 + length) return;
        inbox.push(readMessage(Buffer.from(pending.slice(0, head + 4 + length), 'latin1').toString('utf8')));
        pending = pending.slice(head + 4 + length);
      }
    });
  });
  server.on('tlsClientError', () => undefined);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      const close = () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      };
      const wire: Wire = { host, port, send: (text) => void sockets.at(-1)?.write(text), close };
      resolve(party('TLS', { host, port: 0 }, wire, inbox));
    });
  });
}

export function createWebSocketParty(remote: { host: string; port: number }): Promise<SipParty> {
  const socket = new WebSocket(`ws://${remote.host}:${remote.port}/`, 'sip');
  const inbox: PartyMessage[] = [];
  socket.on('message', (data) => void inbox.push(readMessage(String(data))));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      const local = (socket as unknown as { _socket: { localAddress: string; localPort: number } })._socket;
      const wire: Wire = {
        host: local.localAddress,
        port: local.localPort,
        send: (text) => socket.send(text),
        close: () => socket.terminate(),
      };
      resolve(party('WS', remote, wire, inbox));
    });
  });
}

/** Where a request came from, as its Via says: where its response belongs (RFC 3261 §18.2.2). */
export function cameFrom(
  request: PartyMessage,
  otherwise: { host: string; port: number },
): { host: string; port: number } {
  const [, host, port] = /^SIP\/2\.0\/UDP ([\d.]+):(\d+)/i.exec(request.get('Via') ?? '') ?? [];
  return host && port ? { host, port: Number(port) } : otherwise;
}

export const newTag = () => randomBytes(4).toString('hex');
export const newBranch = () => `z9hG4bK${randomBytes(6).toString('hex')}`;

/** A request as text. `headers` come after the mandatory ones; a body gets its type and length. */
export function requestText(
  from: SipParty,
  request: {
    method: string;
    uri: string;
    from: string;
    to: string;
    callId?: string;
    cseq?: number;
    branch?: string;
    headers?: string[];
    body?: string;
    contentType?: string;
    contact?: string;
  },
): string {
  const body = request.body ?? '';
  const via = from.transport === 'WS' ? 'df7jal23ls0d.invalid' : `${from.host}:${from.port}`;
  const contact = request.contact ?? `<sip:party@${from.host}:${from.port}>`;
  return [
    `${request.method} ${request.uri} SIP/2.0`,
    `Via: SIP/2.0/${from.transport} ${via};branch=${request.branch ?? newBranch()};rport`,
    'Max-Forwards: 70',
    `From: ${request.from}`,
    `To: ${request.to}`,
    `Call-ID: ${request.callId ?? randomUUID()}`,
    `CSeq: ${request.cseq ?? 1} ${request.method}`,
    `Contact: ${contact}`,
    ...(request.headers ?? []),
    ...(body === '' ? [] : [`Content-Type: ${request.contentType ?? 'application/sdp'}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** A response to a request this party received. */
export function responseText(
  to: PartyMessage,
  status: number,
  options: { tag?: string; headers?: string[]; body?: string; contact?: string } = {},
): string {
  const body = options.body ?? '';
  const toValue = to.get('To') ?? '';
  return [
    `SIP/2.0 ${status} Whatever`,
    ...to.all('Via').map((via) => `Via: ${via}`),
    ...to.all('Record-Route').map((route) => `Record-Route: ${route}`),
    `From: ${to.get('From')}`,
    `To: ${toValue.includes('tag=') || !options.tag ? toValue : `${toValue};tag=${options.tag}`}`,
    `Call-ID: ${to.get('Call-ID')}`,
    `CSeq: ${to.get('CSeq')}`,
    ...(options.contact ? [`Contact: ${options.contact}`] : []),
    ...(options.headers ?? []),
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** SDP that says who made it in its session name. */
export function sdpText(name: string, direction = 'sendrecv', version = 1): string {
  return [
    'v=0',
    `o=- 4711 ${version} IN IP4 ${ownAddress}`,
    `s=${name}`,
    `c=IN IP4 ${ownAddress}`,
    't=0 0',
    'm=audio 40000 RTP/AVP 0',
    `a=${direction}`,
    '',
  ].join('\r\n');
}
