import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { seededRandom } from '../../shared/random.ts';
import { answerChallenge } from './answer.ts';
import { joinedDigests } from './joined.ts';
import { createDigestVerifier } from './verifier.ts';

const message = (status: number, headers: Record<string, string>) => ({
  status,
  body: undefined,
  get: (name: string) => headers[name],
  has: (name: string) => name in headers,
});

t.test('challenges that were joined by commas come apart, and other schemes are left out', async (t) => {
  const one = 'Digest realm="a, Digest b=c", nonce="n1", algorithm=MD5, qop="auth,auth-int"';
  const two = 'DIGEST realm="a",nonce="n2"';
  t.strictSame(joinedDigests(`${one},${two}`), [one, two]);
  t.strictSame(joinedDigests(`Basic realm="x", ${two} , Bearer realm="y"`), [two]);
  t.strictSame(joinedDigests(one), [one]);
  t.strictSame(joinedDigests(undefined), []);
  t.strictSame(joinedDigests('nonsense,'.repeat(1000)), []);
  t.strictSame(joinedDigests('Digest "'), []);
});

t.test('an answer to our own challenge is accepted once', async (t) => {
  const clock = createFakeClock();
  const verifier = createDigestVerifier<string>({ clock, random: seededRandom(1), realm: 'pbx.example' });
  const find = (user: string) => (user === 'carrier' ? { password: 'secret', who: 'trunk-a' } : undefined);
  const uri = 'sip:0312345678@pbx.example';
  const request = { method: 'INVITE', uri, body: 'v=0' };
  t.strictSame(verifier.check(undefined, request, find), { kind: 'challenge', stale: false });

  const challenge = verifier.challenge(false).replace('\r\nWWW-Authenticate: ', ',');
  const answer = (user: string, password: string) =>
    answerChallenge(message(401, { 'WWW-Authenticate': challenge }), {
      ...{ credentials: { user, password }, method: 'INVITE', uri, again: false },
    })!['Authorization']!;
  const good = answer('carrier', 'secret');
  t.match(good, /algorithm=SHA-256, qop=auth, nc=00000001/);
  t.strictSame(verifier.check(answer('carrier', 'wrong'), request, find), { kind: 'wrong' });
  t.strictSame(verifier.check(answer('nobody', 'secret'), request, find), { kind: 'wrong' });
  t.strictSame(verifier.check(good, { ...request, uri: 'sip:0312345678@elsewhere.example' }, find), { kind: 'wrong' });
  t.strictSame(verifier.check(good, request, find), { kind: 'ok', who: 'trunk-a' });
  t.strictSame(verifier.check(good, request, find), { kind: 'challenge', stale: true }, 'a replay');

  const later = answer('carrier', 'secret');
  clock.advance(121_000);
  t.strictSame(verifier.check(later, request, find), { kind: 'challenge', stale: true }, 'too old');
});

t.test('a trunk that knows MD5 only is served, and the challenges stand on lines of their own', async (t) => {
  const verifier = createDigestVerifier<string>({ clock: createFakeClock(), random: seededRandom(1), realm: 'r' });
  const [first, second] = verifier.challenge(true).split('\r\n');
  t.match(first, /^Digest realm="r".*algorithm=SHA-256.*stale=true$/);
  t.match(second, /^WWW-Authenticate: Digest realm="r".*algorithm=MD5/);
  const md5 = message(401, { 'WWW-Authenticate': second!.slice('WWW-Authenticate: '.length) });
  const options = { credentials: { user: 'u', password: 'p' }, method: 'INVITE', uri: 'sip:x', again: false };
  const given = answerChallenge(md5, options)!['Authorization'];
  const request = { method: 'INVITE', uri: 'sip:x', body: undefined };
  t.match(given, /algorithm=MD5/);
  t.strictSame(
    verifier.check(given, request, () => ({ password: 'p', who: 'me' })),
    { kind: 'ok', who: 'me' },
  );
});

t.test('credentials that were refused are not sent again, except for a stale nonce', async (t) => {
  const options = { credentials: { user: 'u', password: 'p' }, method: 'REGISTER', uri: 'sip:x', again: true };
  const refused = message(407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n"' });
  t.equal(answerChallenge(refused, options), undefined);
  const stale = message(407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n", stale=TRUE' });
  t.match(answerChallenge(stale, options), { 'Proxy-Authorization': /^Digest username="u"/ });
});
