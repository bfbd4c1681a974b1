// Parsers of what comes by HTTP and WebSocket and of files that somebody uploads or that lie where others may write, with examples.

import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { SignIn } from '../../src/api/contract.ts';
import { createClientAddress } from '../../src/api/guard/client-address.ts';
import { limitDefaults } from '../../src/api/needs.ts';
import { createServer } from '../../src/api/server.ts';
import { createFrameMeter } from '../../src/api/softphone/frame-meter.ts';
import { createAnswerReader, upgradeProblem } from '../../src/api/softphone/raw-http.ts';
import { readCustomers } from '../../src/call/lists/add-customers.ts';
import { parseTurnUrl } from '../../src/cli/doctor/turn-client.ts';
import { parseConfig } from '../../src/config.ts';
import { EventFrameReader, readEvent } from '../../src/media/freeswitch/event-frames.ts';
import { readWav } from '../../src/media/wav.ts';
import { parseAlias } from '../../src/privacy/alias.ts';
import { readAgeHeader } from '../../src/recording/archive/age-header.ts';
import { readOggPage } from '../../src/recording/container/ogg.ts';
import { readOggOpus } from '../../src/recording/container/ogg-opus.ts';
import { parseBook } from '../../src/routing/flow/file/book.ts';
import { parseFlow, peekFlow } from '../../src/routing/flow/file/load.ts';
import { parsePart } from '../../src/routing/flow/file/load-part.ts';
import { parseCalendars } from '../../src/routing/hours.ts';
import { parseReasons } from '../../src/routing/reasons.ts';
import { sourceOf } from '../../src/sbc/guard/blocks.ts';
import { createScannerTest } from '../../src/sbc/guard/scanners.ts';
import { createAddressMatch } from '../../src/shared/address-match.ts';
import { AppError } from '../../src/shared/errors.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import { projectRoot } from '../../src/shared/paths.ts';
import { toneWav } from '../support/media/tones.ts';
import type { FuzzedParser } from './parser.ts';

const file = (path: string) => readFileSync(join(projectRoot, 'config', path), 'utf8');
const expected = (thrown: unknown): boolean => thrown instanceof AppError;
const isScanner = createScannerTest();

const webFrames = [
  Buffer.from('818512345678795149141f', 'hex'),
  Buffer.from('01fe010012345678', 'hex'),
  Buffer.from('82ff000000000001000012345678', 'hex'),
  Buffer.from('898012345678', 'hex'),
];

const age = [
  'age-encryption.org/v1',
  '-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc',
  'EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U',
  '-> mlkem768x25519 abc',
  `${'A'.repeat(64)}`,
  'AAAA',
  '--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0',
  '',
].join('\n');

/** The server as it answers strangers, with one route that takes a body. */
const app = await createServer({
  log: silentLogger,
  listen: { host: '127.0.0.1', port: 0, trustedProxies: ['127.0.0.1'] },
  // Nobody is told to wait: what is refused for that is not parsed.
  limits: { ...limitDefaults, requestsPerMinutePerAddress: 1e9, requestsPerMinutePerCredential: 1e9 },
});
app.post('/echo', { schema: { body: SignIn } }, async () => ({}));
app.get('/echo', async (request) => ({ address: request.ip, cookies: Object.keys(request.cookies).length }));
await app.listen({ host: '127.0.0.1', port: 0 });
app.server.unref();

/** Sends a request as it is, and hears the answer until the server hangs up. */
async function askRaw(request: string): Promise<string> {
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.end(Buffer.from(request, 'latin1'));
  return readText(socket);
}

export const webParsers: FuzzedParser[] = [
  {
    name: 'WebSocket frames of the tunnel',
    covers: ['api/softphone/frame-meter.ts'],
    examples: webFrames,
    parse(input) {
      const meter = createFrameMeter({ messageBytes: 65_536, messagesPerSecond: 20 });
      for (let at = 0; at < input.length; at += 3) if (meter.see(input.subarray(at, at + 3), at)) return;
    },
  },
  {
    name: 'WebSocket upgrade and the SIP server’s answer',
    covers: ['api/softphone/raw-http.ts'],
    examples: [
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nrest',
      'websocket',
      'Upgrade, keep-alive',
      'sip, x',
    ],
    parse(input) {
      createAnswerReader().see(input);
      const text = input.toString('latin1');
      const headers = {
        upgrade: text,
        connection: text,
        'sec-websocket-key': text,
        'sec-websocket-version': '13',
        'sec-websocket-protocol': text,
      };
      upgradeProblem({ method: 'GET', headers } as never);
    },
  },
  {
    name: 'JSON bodies, form and multipart',
    covers: [],
    examples: [
      '{"login":"hanako","password":"x"}',
      '--x\r\nContent-Disposition: form-data; name="login"; filename="../x"\r\n\r\nv\r\n--x--\r\n',
      'login=a&password=b',
    ],
    spice: ['"__proto__":', '\\u0000', '--x\r\n', '{"a":'.repeat(300)],
    async parse(input) {
      for (const type of ['application/json', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded']) {
        const { statusCode, body } = await app.inject({
          method: 'POST',
          url: '/echo',
          headers: { 'content-type': type },
          payload: input,
        });
        if (statusCode >= 500) throw new Error(`${statusCode} ${body}`);
      }
    },
  },
  {
    name: 'cookies, Authorization, X-Forwarded-For, Content-Type',
    covers: ['api/guard/client-address.ts', 'shared/address-match.ts'],
    examples: [
      'engawa_session=abc; other="quoted; value"; =x',
      'Bearer engawa_abc',
      '203.0.113.9, 10.0.0.1, 127.0.0.1',
      '[2001:db8::1]:80',
      'text/plain; charset="x',
    ],
    async parse(input) {
      const text = input.toString('latin1').replace(/[\r\n]/g, ' ');
      createClientAddress(['127.0.0.0/8', '::1']).of({
        headers: { 'x-forwarded-for': text },
        socket: { remoteAddress: '127.0.0.1' },
      });
      createAddressMatch([text, '10.0.0.0/8']).matches(text);
      const headers = { cookie: text, authorization: text, 'x-forwarded-for': text, 'content-type': text };
      const { statusCode, body } = await app.inject({ method: 'GET', url: '/echo', headers });
      if (statusCode >= 500) throw new Error(`${statusCode} ${body}`);
    },
  },
  {
    name: 'paths and queries',
    covers: [],
    examples: ['/echo?a=1&b[]=2&c[d]=3', '/%2e%2e/%2e%2e/etc/passwd', '/api/v1/calls/c_1?cursor=abc', '//echo;x=y#z'],
    // By a real socket: what passes for a target on the wire is more than a client's library lets through.
    async parse(input) {
      const target = input.toString('latin1').replace(/[\0\s]/g, '');
      const answer = await askRaw(`GET ${target || '/'} HTTP/1.1\r\nHost: engawa\r\nConnection: close\r\n\r\n`);
      if (!/^HTTP\/1\.1 [2-4]/.test(answer)) throw new Error(answer);
    },
  },
  {
    name: 'flows, parts, calendars and reasons in YAML',
    covers: [
      'routing/flow/file/load.ts',
      'routing/flow/file/load-part.ts',
      'routing/flow/file/book.ts',
      'routing/hours.ts',
      'routing/reasons.ts',
      'shared/yaml/yaml-reader.ts',
    ],
    examples: [file('flows/main.yaml'), file('calendars.yaml'), file('reasons.yaml')],
    spice: [
      '&a [*a]',
      '<<: *x',
      '!!js/function',
      '? - : ',
      '- '.repeat(300),
      '{a: '.repeat(200),
      '&x',
      '*x',
      '|\n',
      '>-\n',
      '---\n',
      '%YAML 9.9\n',
    ],
    parse(input) {
      const text = input.toString('utf8').slice(0, 40_000);
      parseFlow(text, 'x.yaml', {});
      peekFlow(text);
      parsePart(text, 'x.yaml', {});
      parseBook([{ file: 'x.yaml', text }], [{ file: 'y.yaml', text }], {});
      parseCalendars(text, 'x.yaml');
      parseReasons(text, 'x.yaml');
    },
    withinMs: 2_000,
  },
  {
    name: 'the configuration',
    covers: ['config.ts'],
    examples: [file('demo.yaml'), file('deployed.yaml')],
    parse: (input) => parseConfig(input.toString('utf8').slice(0, 40_000), 'x.yaml'),
    mayThrow: expected,
    withinMs: 2_000,
  },
  {
    name: 'CSV of call lists',
    covers: ['call/lists/add-customers.ts'],
    examples: [
      'number,reference,not_before,plan\n0312345678,A-1,2026-01-01,"a, ""b"""\n+81312345678,,,\n',
      '\ufeffalias\r\nABCD-EFGH\r\n',
    ],
    spice: ['=cmd()', ',,,,', '""', '"\n', 'number', '__proto__,'],
    parse: (input) => readCustomers(input.toString('utf8')),
    mayThrow: expected,
  },
  {
    name: 'age headers',
    covers: ['recording/archive/age-header.ts'],
    examples: [age],
    spice: ['-> ', '--- ', '\n'],
    parse: (input) => readAgeHeader(input),
    mayThrow: expected,
  },
  {
    name: 'Ogg, Opus in Ogg, WAV',
    covers: ['recording/container/ogg.ts', 'recording/container/ogg-opus.ts', 'media/wav.ts'],
    examples: [
      toneWav(440, 50, { sampleRateHz: 8000 }),
      Buffer.concat([Buffer.from('OggS\0\x02', 'latin1'), Buffer.alloc(20), Buffer.of(1, 8), Buffer.from('OpusHead')]),
    ],
    spice: ['OggS', 'RIFF', 'fmt ', 'data', 'OpusHead'],
    parse(input) {
      readOggPage(input, 0);
      readOggOpus(input);
      readWav(input);
    },
    mayThrow: expected,
  },
  {
    name: 'events of FreeSWITCH',
    covers: ['media/freeswitch/event-frames.ts'],
    examples: [
      'Content-Length: 20\nContent-Type: text/event-plain\n\nEvent-Name: DTMF\nX: 1\n\n',
      'Content-Type: command/reply\nReply-Text: +OK\n\n',
    ],
    spice: ['Content-Length: ', '%zz', '\n\n'],
    parse(input) {
      readEvent(input.toString('utf8')).header('Event-Name');
      new EventFrameReader().push(input);
    },
    // Whoever reads the socket closes it then.
    mayThrow: (thrown) =>
      thrown instanceof Error && /unreadable Content-Length|headers without an end/.test(thrown.message),
  },
  {
    name: 'what people type: aliases, addresses, names of scanners, TURN URLs',
    covers: ['privacy/alias.ts', 'cli/doctor/turn-client.ts'],
    examples: [
      'ABCD-EFGH',
      '2001:db8::1',
      '::ffff:192.0.2.1',
      'friendly-scanner',
      'turns:example.org:443?transport=tcp',
    ],
    parse(input) {
      const text = input.toString('utf8');
      parseAlias(text);
      sourceOf(text);
      isScanner(text);
      parseTurnUrl(text);
    },
  },
];
