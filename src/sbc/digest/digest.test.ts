import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { answerChallenge } from './answer.ts';
import { bestChallenge, digestResponse, readCredentials, splitDigest } from './digest.ts';
import { createDigestVerifier } from './verifier.ts';

t.test('the examples of RFC 7616 §3.9.1 come out', async (t) => {
  const example = {
    username: 'Mufasa',
    realm: 'http-auth@example.org',
    password: 'Circle of Life',
    method: 'GET',
    uri: '/dir/index.html',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    nc: '00000001',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    qop: 'auth',
  };
  t.equal(digestResponse({ ...example, algorithm: 'MD5' }), '8ca523f5e9506fed4657c9700eebdbec');
  t.equal(
    digestResponse({ ...example, algorithm: 'SHA-256' }),
    '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  );
});

t.test(
  'the strongest challenge is answered, whatever the order, and those we cannot answer are passed over',
  async (t) => {
    const joined =
      'Digest realm="a, b", nonce="n1", algorithm=MD5, qop="auth,auth-int",' +
      'Digest realm="a, b", nonce="n2", algorithm=SHA-512-256, Digest realm="a, b",nonce="n3",algorithm=SHA-256,qop="auth"';
    t.match(bestChallenge(joined), { nonce: 'n3', algorithm: 'SHA-256', realm: 'a, b', qop: 'auth' });
    t.match(bestChallenge('DIGEST realm="x", nonce="n"'), { algorithm: 'MD5', qop: undefined });
    t.equal(bestChallenge('Digest realm="x", nonce="n", qop="auth-int"'), undefined);
    t.equal(bestChallenge('Basic realm="x"'), undefined);
    t.equal(bestChallenge(undefined), undefined);
    t.equal(splitDigest('nonsense'.repeat(1000)).length, 0);
  },
);

const message = (status: number, headers: Record<string, string>) => ({
  status,
  body: undefined,
  get: (name: string) => headers[name],
  has: (name: string) => name in headers,
});

t.test('an answer to our own challenge is accepted once', async (t) => {
  const clock = createFakeClock();
  const verifier = createDigestVerifier<string>({ clock, realm: 'pbx.example' });
  const find = (user: string) => (user === 'carrier' ? { password: 'secret', who: 'trunk-a' } : undefined);
  const uri = 'sip:0312345678@pbx.example';
  const request = { method: 'INVITE', uri };
  t.strictSame(verifier.check(undefined, request, find), { kind: 'challenge', stale: false });

  const challenge = verifier.challenge(false).replace('\r\nWWW-Authenticate: ', ', ');
  const answer = (user: string, password: string) =>
    answerChallenge(message(401, { 'WWW-Authenticate': challenge }), {
      credentials: { user, password },
      method: 'INVITE',
      uri,
      again: false,
    })!['Authorization']!;
  const good = answer('carrier', 'secret');
  t.match(readCredentials(good), { algorithm: 'SHA-256', username: 'carrier', nc: '00000001' });
  t.strictSame(verifier.check(answer('carrier', 'wrong'), request, find), { kind: 'wrong' });
  t.strictSame(verifier.check(answer('nobody', 'secret'), request, find), { kind: 'wrong' });
  t.strictSame(verifier.check(good, { method: 'INVITE', uri: 'sip:other@pbx.example' }, find), { kind: 'wrong' });
  t.strictSame(verifier.check(good, request, find), { kind: 'ok', who: 'trunk-a' });
  t.strictSame(verifier.check(good, request, find), { kind: 'challenge', stale: true }, 'a replay');

  const later = answer('carrier', 'secret');
  clock.advance(121_000);
  t.strictSame(verifier.check(later, request, find), { kind: 'challenge', stale: true }, 'too old');
  t.strictSame(verifier.check(good.replace(/nonce="[^"]*"/, 'nonce="made.up"'), request, find), {
    kind: 'challenge',
    stale: false,
  });
});

t.test('credentials that were refused are not sent again, except for a stale nonce', async (t) => {
  const options = { credentials: { user: 'u', password: 'p' }, method: 'REGISTER', uri: 'sip:x', again: true };
  const refused = message(407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n"' });
  t.equal(answerChallenge(refused, options), undefined);
  const stale = message(407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n", stale=TRUE' });
  t.match(answerChallenge(stale, options), { 'Proxy-Authorization': /^Digest username="u"/ });
});
