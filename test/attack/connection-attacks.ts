// Attacks by connections: to the SIP port (TCP) and to the pages (HTTP), from strangers' addresses.

import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type Attack, type Outcome, type RunningAttack, strangerAddress, type Targets } from './attack.ts';
import { sipText } from './sip-attacks.ts';

/** Opens connections and keeps them as long as they are let; `speak` is called on each, and may drip. */
function connections(options: {
  addresses: number;
  firstAddress: number;
  to(targets: Targets): { host: string; port: number };
  speak(socket: Socket, count: number, targets: Targets): void;
  wanted(answer: string): boolean;
  keep: number;
}): (targets: Targets) => RunningAttack {
  return (targets) => {
    const open = new Set<Socket>();
    const drips = new Set<NodeJS.Timeout>();
    let [sent, answered, gotIn, most, cut] = [0, 0, 0, 0, 0];
    const { host, port } = options.to(targets);
    return {
      once() {
        sent++;
        if (open.size >= options.keep) open.values().next().value?.destroy();
        const localAddress = strangerAddress(options.firstAddress + (sent % options.addresses));
        const socket = connect({ host, port, localAddress });
        open.add(socket);
        most = Math.max(most, open.size);
        socket.setTimeout(60_000);
        socket.on('error', () => undefined);
        socket.on('data', (bytes) => {
          answered++;
          if (options.wanted(bytes.toString('latin1'))) gotIn++;
        });
        socket.on('end', () => cut++);
        socket.on('close', () => open.delete(socket));
        socket.once('connect', () => options.speak(socket, sent, targets));
      },
      async stop(): Promise<Outcome> {
        for (const drip of drips) clearInterval(drip);
        for (const socket of open) socket.destroy();
        return { sent, answered, gotIn, note: `at most ${most} open at once, ${cut} cut off` };
      },
    };
  };
}

/** A few bytes now and then, for as long as the connection lives. */
function drip(socket: Socket, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed) return clearInterval(timer);
    socket.write(text.slice(at, at + 3));
    at += 3;
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

const sipTcp = ({ sip, sipTcpPort }: Targets) => ({ host: sip.host, port: sipTcpPort });
const page = ({ url }: Targets) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) });
const isSuccess = (answer: string): boolean => /^(SIP\/2\.0|HTTP\/1\.1) (2\d\d|101) /.test(answer);

/** Requests over a few kept connections; `isIn` tells whether an answer is what was wanted. */
function requests(options: {
  addresses: number;
  firstAddress: number;
  make(
    count: number,
    targets: Targets,
  ): { method: string; path: string; headers?: Record<string, string>; body?: string };
  isIn(status: number): boolean;
}): (targets: Targets) => RunningAttack {
  return (targets) => {
    const agents = Array.from(
      { length: options.addresses },
      (_, index) =>
        new Agent({
          keepAlive: true,
          maxSockets: 20,
          localAddress: strangerAddress(options.firstAddress + index),
        } as never),
    );
    const statuses: Record<string, number> = {};
    let [sent, answered, gotIn, waiting] = [0, 0, 0, 0];
    return {
      once() {
        // A server that answers late is not asked without end: this attacker has memory, too.
        if (waiting > 2000) return;
        const { method, path, headers = {}, body } = options.make(sent, targets);
        const to = page(targets);
        waiting++;
        const over = (what: string) => {
          waiting--;
          statuses[what] = (statuses[what] ?? 0) + 1;
        };
        const asked = httpRequest(
          { ...to, method, path, headers, agent: agents[sent % agents.length]! },
          (response) => {
            response.resume();
            answered++;
            over(String(response.statusCode));
            if (options.isIn(response.statusCode ?? 0)) gotIn++;
          },
        );
        asked.on('error', () => over('cut'));
        asked.on('upgrade', (_response, socket) => {
          over('101');
          gotIn++;
          socket.destroy();
        });
        sent++;
        asked.end(body);
      },
      async stop() {
        await new Promise((resolve) => setTimeout(resolve, 500));
        for (const agent of agents) agent.destroy();
        const told = Object.entries(statuses).sort((one, other) => other[1] - one[1]);
        return { sent, answered, gotIn, note: told.map(([status, count]) => `${status}: ${count}`).join(', ') };
      },
    };
  };
}

const json = { 'content-type': 'application/json' };

export const connectionAttacks: Attack[] = [
  {
    name: 'tcp-flood',
    sends: 'TCP connections to the SIP port that say nothing, 60 addresses',
    perSecond: 200,
    start: connections({
      addresses: 60,
      firstAddress: 1000,
      to: sipTcp,
      keep: 2000,
      speak: () => undefined,
      wanted: isSuccess,
    }),
  },
  {
    name: 'tcp-requests',
    sends: 'TCP connections to the SIP port with an INVITE each, 60 addresses',
    perSecond: 200,
    start: connections({
      addresses: 60,
      firstAddress: 1100,
      to: sipTcp,
      keep: 2000,
      speak: (socket, _n, targets) =>
        socket.write(
          sipText(
            { host: '127.0.0.1', port: socket.localPort ?? 0 },
            { method: 'INVITE', uri: `sip:${targets.number}@127.0.0.1` },
            'TCP',
          ),
        ),
      wanted: isSuccess,
    }),
  },
  {
    name: 'slow-headers',
    sends: 'connections to the SIP port and the pages that send three bytes a second, 60 addresses',
    perSecond: 60,
    start: (targets) => {
      const text = `OPTIONS sip:x SIP/2.0\r\n${'X-Slow: 1\r\n'.repeat(1000)}`;
      const web = `GET / HTTP/1.1\r\nHost: x\r\n${'X-Slow: 1\r\n'.repeat(1000)}`;
      const slow = { addresses: 60, keep: 2000, wanted: isSuccess };
      const sip = connections({ ...slow, firstAddress: 1200, to: sipTcp, speak: (socket) => drip(socket, text, 1000) })(
        targets,
      );
      const http = connections({ ...slow, firstAddress: 1300, to: page, speak: (socket) => drip(socket, web, 1000) })(
        targets,
      );
      let turn = 0;
      return {
        once: () => (targets.sipTcpPort > 0 && turn++ % 2 === 0 ? sip.once() : http.once()),
        async stop() {
          const [one, other] = [await sip.stop(), await http.stop()];
          return {
            sent: one.sent + other.sent,
            answered: one.answered + other.answered,
            gotIn: one.gotIn + other.gotIn,
            note: `SIP: ${one.note}; pages: ${other.note}`,
          };
        },
      };
    },
  },
  {
    name: 'http-flood',
    sends: 'GET and POST of pages and API without a session, 20 addresses',
    perSecond: 800,
    start: requests({
      addresses: 20,
      firstAddress: 2000,
      make: (n) => {
        const path = ['/api/v1/calls', '/api/v1/people', `/api/v1/${randomBytes(4).toString('hex')}`, '/api/v1/feed'][
          n % 4
        ]!;
        return {
          method: n % 5 === 0 ? 'POST' : 'GET',
          path,
          headers: { cookie: `engawa_session=${randomBytes(32).toString('base64url')}` },
        };
      },
      isIn: (status) => status >= 200 && status < 300,
    }),
  },
  {
    name: 'http-bodies',
    sends: 'deep, huge and broken JSON, form and multipart bodies, long headers, 10 addresses',
    perSecond: 50,
    start: requests({
      addresses: 10,
      firstAddress: 2100,
      make: (n) => {
        const body = [
          '['.repeat(8000),
          `{"login":"${'x'.repeat(200_000)}"}`,
          '{"login":"a","password":{"__proto__":1}}',
          '{"a"',
          '\0'.repeat(5000),
        ][n % 5]!;
        const type = n % 7 === 0 ? 'multipart/form-data; boundary=x' : 'application/json';
        return {
          method: 'POST',
          path: '/api/v1/session',
          headers: {
            'content-type': type,
            'x-forwarded-for': '127.0.0.1',
            ...(n % 9 === 0 ? { 'x-long': 'y'.repeat(30_000) } : {}),
          },
          body,
        };
      },
      isIn: (status) => status >= 200 && status < 300,
    }),
  },
  {
    name: 'sign-in-guessing',
    sends: 'POST /api/v1/session with an agent’s name and guessed passwords, 20 addresses',
    perSecond: 40,
    start: requests({
      addresses: 20,
      firstAddress: 2200,
      make: (n, { insider }) => ({
        method: 'POST',
        path: '/api/v1/session',
        headers: json,
        body: JSON.stringify({ login: n % 2 === 0 ? `nobody${n % 50}` : `${insider.login}x`, password: `guess ${n}` }),
      }),
      isIn: (status) => status >= 200 && status < 300,
    }),
  },
  {
    name: 'websocket-flood',
    sends: 'WebSocket upgrades to /sip without a session, with made-up ones, from other origins, 20 addresses',
    perSecond: 300,
    start: requests({
      addresses: 20,
      firstAddress: 2300,
      make: (n, targets) => ({
        method: 'GET',
        path: '/sip',
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-protocol': 'sip',
          'sec-websocket-key': randomBytes(16).toString('base64'),
          origin: n % 3 === 0 ? 'https://evil.example' : new URL(targets.url).origin,
          ...(n % 2 === 0 ? { cookie: `engawa_session=${randomBytes(32).toString('base64url')}` } : {}),
        },
      }),
      isIn: (status) => status === 101 || (status >= 200 && status < 300),
    }),
  },
];
