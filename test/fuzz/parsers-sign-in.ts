// What somebody sends who is not signed in yet, or a proxy in front of us: answers of passkeys (WebAuthn: JSON, CBOR, authenticator data),
// signed headers of access proxies, client certificates, browser versions, signatures of devices; and what coturn's command line prints.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { turnSessionsIn } from '../../src/app/turn-sessions.ts';
import { createAccessProxies } from '../../src/identity/devices/access-proxy.ts';
import { browserOf, isAtLeast, systemOf } from '../../src/identity/devices/browser-version.ts';
import { certificateOf } from '../../src/identity/devices/client-certificate.ts';
import { hasSigned } from '../../src/identity/devices/device-key.ts';
import { createPasskeyFactor } from '../../src/identity/factors/passkeys.ts';
import { createS3Client } from '../../src/recording/archive/s3-client.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { AppError } from '../../src/shared/errors.ts';
import type { PersonId, SessionId } from '../../src/shared/ids.ts';
import { silentLogger } from '../../src/shared/logger.ts';
import type { Passkey } from '../../src/store/sign-in.ts';
import { createTestAuthenticator } from '../support/sign-in/authenticator.ts';
import type { FuzzedParser } from './parser.ts';

const at = { id: 'pbx.example', origin: 'https://pbx.example' };
const person = 'p_1' as PersonId;
const authenticator = createTestAuthenticator({ origin: at.origin, rpId: at.id });

let known: Passkey | undefined;
const passkeys = createPasskeyFactor({
  clock: systemClock,
  log: silentLogger,
  name: 'Test',
  challenges: { issue: () => 'AAAAAAAAAAAAAAAAAAAAAA', isGood: () => true, use: async () => true },
  rows: {
    byId: async () => known,
    ofPerson: async () => (known ? [known] : []),
    add: async () => true,
    used: async () => true,
    rename: async () => true,
    remove: async () => true,
  } as never,
});
const creation = await passkeys.beginEnrolment({ id: person, login: 'hanako', displayName: 'Hanako' }, at);
const created = JSON.stringify(authenticator.create(creation as never));
known = await passkeys.enrol(person, 'one', JSON.parse(created), at);
if (!known) throw new Error('the example of a passkey is not taken');
const asked = await passkeys.request(person, at);
const answered = JSON.stringify(authenticator.get(asked as never));
if ((await passkeys.prove(person, JSON.parse(answered), at)) !== person) throw new Error('the example is not taken');

type Answer = { response: Record<string, string> };
const binary = (answer: string, field: string) =>
  Buffer.from((JSON.parse(answer) as Answer).response[field] ?? '', 'base64url');
/** The same answer with other bytes in one place. */
function withBytes(answer: string, field: string, bytes: Buffer): object {
  const parsed = JSON.parse(answer) as Answer;
  return { ...parsed, response: { ...parsed.response, [field]: bytes.toString('base64url') } };
}

const proxies = createAccessProxies({
  proxies: [
    {
      ...{ name: 'proxy', header: 'x-signed', issuer: 'https://proxy.example', audiences: ['pbx'] },
      ...{
        keys: { url: 'https://proxy.example/keys' },
        algorithms: ['ES256'],
        person: 'email',
        screenLock: 'device.lock',
      },
    },
  ],
  fetchKeys: async () =>
    '{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAA"}]}',
  clock: systemClock,
  log: silentLogger,
});

let told: Buffer = Buffer.alloc(0);
const storage = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/xml' }).end(told);
});
await new Promise<void>((resolve) => storage.listen(0, '127.0.0.1', resolve));
storage.unref();
const s3 = createS3Client({
  ...{ endpoint: `http://127.0.0.1:${(storage.address() as AddressInfo).port}`, bucket: 'b', region: 'r' },
  ...{ addressing: 'path', accessKey: 'a', secretKey: 's' },
});

export const signInParsers: FuzzedParser[] = [
  {
    name: 'answers of passkeys, as JSON',
    covers: [],
    examples: [created, answered],
    spice: ['"__proto__":', 'null', '"response":', '"id":'],
    async parse(input) {
      let answer: unknown;
      try {
        answer = JSON.parse(input.toString('utf8'));
      } catch {
        // Fastify has refused it by then.
        return;
      }
      if (typeof answer !== 'object' || answer === null) return;
      await passkeys.enrol(person, 'x', answer, at);
      await passkeys.prove(undefined, answer, at);
    },
  },
  {
    name: 'answers of passkeys: CBOR, authenticator data, client data, signatures',
    covers: [],
    examples: [
      binary(created, 'attestationObject'),
      binary(created, 'clientDataJSON'),
      binary(answered, 'authenticatorData'),
      binary(answered, 'signature'),
    ],
    spice: ['\xa1', '\x9f', '\xff', '\x5b', '\x7b\xff\xff\xff\xff', 'authData', 'fmt', 'none', 'packed'],
    async parse(input) {
      for (const field of ['attestationObject', 'clientDataJSON'])
        await passkeys.enrol(person, 'x', withBytes(created, field, input), at);
      for (const field of ['authenticatorData', 'clientDataJSON', 'signature'])
        await passkeys.prove(person, withBytes(answered, field, input), at);
    },
  },
  {
    name: 'headers about devices: signed by a proxy, certificates, browsers; signatures of devices',
    covers: [],
    examples: [
      'eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL3Byb3h5LmV4YW1wbGUiLCJhdWQiOiJwYngifQ.AAAA',
      '"Google Chrome";v="126.0.1", "Chromium";v="126.0.1", "Not/A)Brand";v="8"',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36',
      'CN=pc-17\\,x,O=Example',
      '/O=Example/CN=pc-17',
      'SUCCESS',
    ],
    spice: ['"";v="', '.'.repeat(300), 'eyJ', '='],
    async parse(input) {
      const text = input.toString('latin1').replace(/[\r\n\0]/g, ' ');
      const said = ['x-signed', 'sec-ch-ua', 'user-agent', 'sec-ch-ua-platform', 'sec-ch-ua-platform-version'];
      const headers = Object.fromEntries([...said, 'x-verify', 'x-print', 'x-subject'].map((name) => [name, text]));
      await proxies.seenIn(headers);
      browserOf(headers);
      systemOf(headers);
      isAtLeast(text, '1.2');
      const settings = {
        caFile: null,
        headers: { verified: 'x-verify', fingerprint: 'x-print', subject: 'x-subject' },
      };
      certificateOf({ headers: { ...headers, 'x-verify': 'SUCCESS' }, socket: {} as never }, settings, true);
      hasSigned(
        { kty: 'EC', crv: 'P-256', x: text, y: text },
        { challenge: text, sessionId: 's_1' as SessionId, deviceId: 'new' },
        Buffer.alloc(64).toString('base64url'),
      );
    },
  },
  {
    name: 'XML of a storage server, and what coturn prints',
    covers: [],
    examples: [
      '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a/b.ogg.age</Key></Contents></ListBucketResult>',
      '<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>k</Key><VersionId>v</VersionId></Version></ListVersionsResult>',
      '<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId></InitiateMultipartUploadResult>',
      '    1) id=001000000000000001, user <1795348982:ses_abc>:\r\n      realm: engawa\r\n\r\n  Total sessions: 1\r\n\r\n> ',
    ],
    spice: ['<Key>', '</Key>', '&amp;', '&#0;', '<![CDATA[', '<!DOCTYPE x [<!ENTITY a "b">]>', '&a;', ') id='],
    async parse(input) {
      turnSessionsIn(input.toString('latin1'));
      told = Buffer.from(input.toString('latin1').replace(/<IsTruncated>[^<]*/g, '<IsTruncated>false'), 'latin1');
      await s3.versions('k').catch(refused);
      await s3.startUpload('k').catch(refused);
      let count = 0;
      try {
        for await (const _key of s3.keys('a')) if (++count > 10_000) break;
      } catch (thrown) {
        refused(thrown);
      }
    },
    // A request over a socket each.
    withinMs: 2_000,
  },
];

/** What the archive expects of a server that says nonsense. */
function refused(thrown: unknown): undefined {
  if (!(thrown instanceof AppError)) throw thrown;
  return undefined;
}
