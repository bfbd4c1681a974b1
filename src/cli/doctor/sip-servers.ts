// The drachtio-servers: does the control port answer, does it take our secret, is it new enough, where does it take SIP.
// One message of the control protocol and its answer, on a connection of its own: nothing is routed to it.

import { randomUUID } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { drachtioServers } from '../../app/sip.ts';
import type { SipServerAddress } from '../../sbc/border.ts';
import { parseHostports, type SipAddress } from '../../sbc/link/control-link.ts';
import { judgeVersion } from '../../sbc/link/server-version.ts';
import { error, type Finding, ok, type Patient, warning } from './finding.ts';

export type Greeting =
  | { kind: 'welcome'; version: string; addresses: SipAddress[] }
  | { kind: 'wrong-secret' }
  | { kind: 'failed'; because: string };

export async function checkSipServers({ config }: Patient): Promise<Finding[]> {
  if (config.sip.kind === 'embedded') return [ok('The SIP server is our own.')];
  const { servers } = drachtioServers(config.sip);
  return (await Promise.all(servers.map((server) => checkDrachtio(server)))).flat();
}

export async function checkDrachtio(server: SipServerAddress, limitMs = 5000): Promise<Finding[]> {
  const name = `drachtio-server ${server.name ?? ''}`.trim();
  const where = `${name} at ${server.host}:${server.port}`;
  const greeting = await greet(server, limitMs);
  if (greeting.kind === 'failed')
    return [
      error(`${where} cannot be used: ${greeting.because}. Is it started, does its firewall let this machine in?`),
    ];
  if (greeting.kind === 'wrong-secret')
    return [error(`${where} does not take our secret: ENGAWA_DRACHTIO_SECRET must be the same on both sides.`)];
  const verdict = judgeVersion(greeting.version);
  const webSocket = server.webSocket ?? greeting.addresses.find(({ protocol }) => protocol === 'ws');
  const exposed = greeting.addresses.filter(({ protocol, host }) => protocol === 'ws' && !isPrivate(host));
  return [
    verdict.kind === 'ok'
      ? ok(`${where} takes our secret: ${greeting.version}.`)
      : error(`${where}: ${verdict.because}.`),
    greeting.addresses.some(({ protocol }) => protocol !== 'ws' && protocol !== 'wss')
      ? ok(
          `It takes SIP at ${greeting.addresses.map(({ protocol, host, port }) => `${protocol}/${host}:${port}`).join(', ')}.`,
        )
      : error(`${where} listens for no SIP: give it a contact (config/drachtio/start.sh).`),
    webSocket
      ? ok(`Desks are tunnelled to ${webSocket.host}:${webSocket.port}.`)
      : error(`${where} has no ws transport: desks cannot register. config/drachtio/start.sh opens one.`),
    ...exposed.map(({ host }) =>
      warning(`${where} takes plain WebSockets at ${host}: anybody may speak SIP to it. Give ws a private address.`),
    ),
  ];
}

const isPrivate = (host: string): boolean =>
  /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[?(::1|f[cd]))/.test(host);

/** `id|authenticate|secret|` and what comes back, framed as `<bytes>#<payload>`. */
function greet(server: SipServerAddress, limitMs: number): Promise<Greeting> {
  const { host, port, secret, tls } = server;
  return new Promise((resolve) => {
    const options = { host, port };
    const socket = tls
      ? connectTls({ ...options, servername: host, ...(tls.ca ? { ca: tls.ca } : {}) })
      : connectTcp(options);
    let text = '';
    const end = (greeting: Greeting) => {
      clearTimeout(late);
      socket.destroy();
      resolve(greeting);
    };
    const late = setTimeout(() => end({ kind: 'failed', because: `no answer within ${limitMs / 1000} s` }), limitMs);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      const payload = `${randomUUID()}|authenticate|${secret}|`;
      socket.write(`${Buffer.byteLength(payload)}#${payload}`);
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const [, length = '', rest = ''] = /^(\d{1,5})#([\s\S]*)$/.exec(text) ?? [];
      if (length === '' && text.length > 6)
        return end({ kind: 'failed', because: 'what listens there is no drachtio-server' });
      if (length === '' || rest.length < Number(length)) return;
      const [, type, , verdict, hostports = '', version = ''] = rest.slice(0, Number(length)).split('|');
      if (type !== 'response') end({ kind: 'failed', because: 'what listens there is no drachtio-server' });
      else if (verdict !== 'OK') end({ kind: 'wrong-secret' });
      else end({ kind: 'welcome', version, addresses: parseHostports(hostports) });
    });
    socket.once('error', (thrown) => end({ kind: 'failed', because: thrown.message }));
    socket.once('close', () => end({ kind: 'failed', because: 'it closed the connection without an answer' }));
  });
}
