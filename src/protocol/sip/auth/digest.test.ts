import t from 'tap';
import { createFakeClock } from '../../../../test/support/fake-clock.ts';
import { seededRandom } from '../../../shared/random.ts';
import {
  answerChallenge,
  type Challenge,
  digestAlgorithms,
  formatChallenge,
  formatCredentials,
  hashA1,
  parseChallenge,
  parseCredentials,
  strongestChallenge,
  verifyCredentials,
} from './digest.ts';
import { createNonces } from './nonces.ts';

t.test('the examples of RFC 7616 §3.9.1 give the published responses', async (t) => {
  const published = {
    MD5: '8ca523f5e9506fed4657c9700eebdbec',
    'SHA-256': '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  } as const;
  for (const algorithm of ['MD5', 'SHA-256'] as const) {
    const challenge: Challenge = {
      realm: 'http-auth@example.org',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      algorithm,
      qop: ['auth', 'auth-int'],
      opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
    };
    const given = answerChallenge({
      challenge,
      method: 'GET',
      uri: '/dir/index.html',
      username: 'Mufasa',
      secret: { password: 'Circle of Life' },
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      count: 1,
    });
    t.equal(given.response, published[algorithm]);
  }
});

t.test('a peer without qop is answered the old way (RFC 2617 §3.2.2.1)', async (t) => {
  const challenge: Challenge = {
    realm: 'testrealm@host.com',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    algorithm: 'MD5',
    qop: [],
  };
  const given = answerChallenge({
    challenge,
    method: 'GET',
    uri: '/dir/index.html',
    username: 'Mufasa',
    secret: { password: 'Circle Of Life' },
    cnonce: 'x',
    count: 1,
  });
  t.equal(given.response, '670fd8c2df070c60b045671b8b24ff02');
  t.notMatch(formatCredentials(given), /qop|nc=/);
});

t.test('what one side makes the other side verifies, in every algorithm', async (t) => {
  for (const algorithm of digestAlgorithms) {
    const challenge = { realm: 'engawa "x"', nonce: 'n', algorithm, qop: ['auth'], opaque: 'o', stale: true };
    const parsed = parseChallenge(formatChallenge(challenge));
    t.same(parsed, challenge);
    const secret = { ha1: hashA1(algorithm, 'alice', challenge.realm, 'wonder') };
    const answer = {
      challenge: parsed!,
      method: 'REGISTER',
      uri: 'sip:x',
      username: 'alice',
      secret,
      cnonce: 'c',
      count: 17,
    };
    const credentials = parseCredentials(formatCredentials(answerChallenge(answer)))!;
    t.equal(credentials.nc, '00000011');
    t.ok(verifyCredentials(credentials, { password: 'wonder' }, 'REGISTER'));
    t.notOk(verifyCredentials(credentials, { password: 'wrong' }, 'REGISTER'));
    t.notOk(verifyCredentials(credentials, { password: 'wonder' }, 'INVITE'));
    t.notOk(verifyCredentials({ ...credentials, uri: 'sip:y' }, { password: 'wonder' }, 'REGISTER'));
    t.notOk(verifyCredentials({ ...credentials, response: 'short' }, { password: 'wonder' }, 'REGISTER'));
  }
});

t.test('auth-int covers the body', async (t) => {
  const challenge: Challenge = { realm: 'r', nonce: 'n', algorithm: 'SHA-256', qop: ['auth-int'] };
  const body = Buffer.from('v=0');
  const secret = { password: 'p' };
  const given = answerChallenge({
    challenge,
    method: 'INVITE',
    uri: 'sip:x',
    username: 'u',
    secret,
    cnonce: 'c',
    count: 1,
    body,
  });
  t.ok(verifyCredentials(given, secret, 'INVITE', body));
  t.notOk(verifyCredentials(given, secret, 'INVITE', Buffer.from('v=1')));
});

t.test('the strongest challenge that we know is chosen (RFC 8760)', async (t) => {
  const values = [
    'Digest realm="r", nonce="1", algorithm=MD5',
    'Digest realm="r", nonce="2", algorithm=SHA-999',
    'digest realm="r",nonce="3",algorithm=sha-256',
  ];
  t.equal(strongestChallenge(values)?.nonce, '3');
  t.equal(strongestChallenge(['NTLM x', 'Basic realm="r"']), undefined);
});

t.test('credentials that are not complete are undefined', async (t) => {
  const complete = 'Digest username="u", realm="r", nonce="n", uri="sip:x", response="0"';
  t.ok(parseCredentials(complete));
  for (const text of [
    '',
    'Digest',
    'Basic dTpw',
    complete.replace('nonce', 'none'),
    `${complete}, qop=auth`,
    `${complete}, qop=auth, nc=1, cnonce="c"`,
    `${complete}, algorithm=X`,
  ]) {
    t.equal(parseCredentials(text), undefined, text);
  }
});

t.test('a nonce is good until it expires, each count once, and cannot be forged', async (t) => {
  const clock = createFakeClock();
  const nonces = createNonces({
    clock,
    random: seededRandom(1),
    secret: Buffer.alloc(32, 7),
    lifetimeMs: 60_000,
    maxUsed: 2,
  });
  const nonce = nonces.issue();
  t.equal(nonces.use(nonce, '00000001'), 'ok');
  t.equal(nonces.use(nonce, '00000001'), 'stale', 'a replay');
  t.equal(nonces.use(nonce, '00000005'), 'ok');
  t.equal(nonces.use(nonce, '00000004'), 'stale');
  const plain = nonces.issue();
  t.equal(nonces.use(plain, undefined), 'ok');
  t.equal(nonces.use(plain, undefined), 'stale', 'without a count it serves once');
  clock.advance(60_001);
  t.equal(nonces.use(nonce, '00000006'), 'stale', 'expired');
  const other = createNonces({ clock, random: seededRandom(1), secret: Buffer.alloc(32, 8) });
  t.equal(other.use(nonces.issue(), '00000001'), 'forged');
  for (const text of ['', 'x', 'A'.repeat(36)]) t.equal(nonces.use(text, '00000001'), 'forged');
});
