// The torture messages for IPv6 (RFC 5118 §4), each with the treatment that the RFC asks for. Written out here, in the RFC's
// order and under its names; what a request whose Request-URI cannot be read gets is 400 (RFC 4475 §3.1.2).

import t from 'tap';
import { parseSdp } from '../sdp/session-description.ts';
import { header, headerLines } from './message.ts';
import { type ParsedMessage, parseMessage } from './parse.ts';
import { formatUri, parseSipUri } from './uri.ts';
import { parseVia } from './via.ts';

interface Parts {
  first: string;
  via?: string[];
  contact?: string;
  headers?: string[];
  body?: string;
}

const aLine = 'REGISTER sip:[2001:db8::10] SIP/2.0';

function text({ first, via, contact = '<sip:user@[2001:db8::1]>', headers = [], body = '' }: Parts): Buffer {
  const method = first.startsWith('SIP/2.0') ? 'OPTIONS' : first.split(' ')[0];
  const lines = [
    first,
    ...(via ?? ['SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111']).map((one) => `Via: ${one}`),
    'Max-Forwards: 70',
    'To: sip:user@example.com;tag=1',
    'From: sip:user@example.com;tag=81x2',
    `Contact: ${contact}`,
    `CSeq: 98176 ${method}`,
    'Call-ID: SSG9559905523997077@hlau_4100',
    ...headers,
    ...(body ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function understood(parts: Parts): ParsedMessage {
  const parsed = parseMessage(text(parts));
  if (parsed.kind !== 'message')
    throw new Error(`${parsed.kind}: ${parsed.kind === 'malformed' ? parsed.because : ''}`);
  return parsed;
}

function requestUri(parts: Parts) {
  const { message } = understood(parts);
  return message.kind === 'request' ? parseSipUri(message.uri) : undefined;
}

t.test('4.1 ipv6-good: a reference in brackets', async (t) => {
  t.match(requestUri({ first: aLine }), { host: '2001:db8::10' });
  t.match(understood({ first: aLine }).via, { host: '2001:db8::9:1' });
  t.equal(formatUri(parseSipUri('sip:user@[2001:db8::1]')!), 'sip:user@[2001:db8::1]', 'written with brackets again');
});

t.test('4.2 ipv6-bad: an address without brackets is refused', async (t) => {
  t.match(parseMessage(text({ first: 'REGISTER sip:2001:db8::10 SIP/2.0' })), { kind: 'malformed', status: 400 });
  t.equal(parseSipUri('sip:2001:db8::10'), undefined);
});

t.test('4.3 port-ambiguous: what is within the brackets is the address', async (t) => {
  const uri = requestUri({ first: 'REGISTER sip:[2001:db8::10:5070] SIP/2.0' });
  t.equal(uri?.host, '2001:db8::10:5070');
  t.equal(uri?.port, undefined);
});

t.test('4.4 port-unambiguous', async (t) => {
  t.match(requestUri({ first: 'REGISTER sip:[2001:db8::10]:5070 SIP/2.0' }), { host: '2001:db8::10', port: 5070 });
});

t.test('4.5 via-received-param: with and without delimiters', async (t) => {
  for (const received of ['[2001:db8::9:255]', '2001:db8::9:255']) {
    const via = `SIP/2.0/UDP [2001:db8::9:1];received=${received};branch=z9hG4bKas3-111`;
    t.match(
      understood({ first: aLine, via: [via] }).via,
      { host: '2001:db8::9:1', branch: 'z9hG4bKas3-111' },
      received,
    );
  }
});

t.test('4.6 ipv6-in-sdp', async (t) => {
  const body = [
    'v=0',
    'o=assistant 971731711378798081 0 IN IP6 2001:db8::20',
    's=Live video feed for today’s meeting',
    'c=IN IP6 2001:db8::20',
    't=3338481189 3370017201',
    'm=audio 6000 RTP/AVP 2',
    'a=rtpmap:2 G726-32/8000',
    '',
  ].join('\r\n');
  const { message } = understood({ first: 'INVITE sip:user@[2001:db8::10] SIP/2.0', body });
  const sdp = parseSdp(message.body.toString('utf8'));
  t.match(sdp, { kind: 'ok', description: { connection: { addressType: 'IP6', address: '2001:db8::20' } } });
});

t.test('4.7 mult-ip-in-header: IPv4 and IPv6 in one message', async (t) => {
  const via = [
    'SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111',
    'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144',
  ];
  const { message } = understood({ first: 'OPTIONS sip:user@[2001:db8::10] SIP/2.0', via });
  t.strictSame(
    headerLines(message, 'via').map((line) => parseVia(line)?.host),
    ['2001:db8::9:1', '192.0.2.1'],
  );
});

t.test('4.8 mult-ip-in-sdp: each stream has an address of its own', async (t) => {
  const body = [
    'v=0',
    'o=bob 280744730 28977631 IN IP4 host.example.com',
    's=',
    't=0 0',
    'm=audio 22334 RTP/AVP 0',
    'c=IN IP4 192.0.2.1',
    'm=video 6024 RTP/AVP 107',
    'c=IN IP6 2001:db8::1',
    'a=rtpmap:107 H263-1998/90000',
    '',
  ].join('\r\n');
  const parsed = parseSdp(body);
  t.match(parsed, { kind: 'ok' });
  if (parsed.kind !== 'ok') return;
  t.strictSame(
    parsed.description.media.map(({ connection }) => connection?.addressType),
    ['IP4', 'IP6'],
  );
});

t.test('4.9 ipv4-mapped-ipv6', async (t) => {
  const parts = {
    first: 'INVITE sip:user@[::ffff:192.0.2.10] SIP/2.0',
    contact: '<sip:user@[::ffff:192.0.2.10]:19823>',
  };
  t.match(requestUri(parts), { host: '::ffff:192.0.2.10' });
  t.match(header(understood(parts).message, 'contact'), '[::ffff:192.0.2.10]:19823');
});

t.test(
  '4.10 ipv6-bug-abnf-3-colons: three colons, as the old grammar wrote them, are tolerated or refused',
  async (t) => {
    const parsed = parseMessage(text({ first: 'OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0' }));
    t.ok(parsed.kind === 'message' || (parsed.kind === 'malformed' && parsed.status === 400), parsed.kind);
  },
);
