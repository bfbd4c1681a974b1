import { armor, Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import type { GuardedAnswer, GuardedRequest } from '../../shared/http/guarded-request.ts';
import { newId } from '../../shared/ids.ts';
import { silentLogger } from '../../shared/logger.ts';
import type { SealedPost, SealedPosts } from '../../store/verification.ts';
import { createSealedDelivery } from './sealed-delivery.ts';
import type { DestinationSettings } from './verification-settings.ts';

const identity = await generateIdentity();
const digits = '4929610052787732';
const destination: DestinationSettings = {
  ...{ name: 'payments', url: 'https://pay.test/digits', headers: { authorization: 'Bearer x' } },
  ...{ recipients: [await identityToRecipient(identity)], timeoutSeconds: 5, keepHours: 24 },
};
const status = (code: number, body = ''): GuardedAnswer => ({
  kind: 'answered',
  status: code,
  body: Buffer.from(body),
});
const settle = () => new Promise((resolve) => setImmediate(resolve));

function setup(t: { teardown(undo: () => unknown): void }, answers: GuardedAnswer[]) {
  const clock = createFakeClock();
  const sent: GuardedRequest[] = [];
  const kept = new Map<string, SealedPost & { nextAt: number }>();
  const posts: SealedPosts = {
    put: async (post) => void kept.set(post.id, post),
    async take({ at, leaseMs }) {
      const due = [...kept.values()].filter(({ nextAt }) => nextAt <= at);
      for (const post of due) kept.set(post.id, { ...post, tries: post.tries + 1, nextAt: at + leaseMs });
      return due.map(({ id }) => kept.get(id)!);
    },
    remove: async (id) => void kept.delete(id),
    later: async (id, nextAt) => void kept.set(id, { ...kept.get(id)!, nextAt }),
  };
  const delivery = createSealedDelivery({
    ...{ clock, log: silentLogger, posts, destinations: [destination] },
    async send(request) {
      sent.push(request);
      return answers.shift() ?? status(204);
    },
  });
  t.teardown(() => delivery.close());
  const callId = newId('call');
  const deliver = (to = 'payments', what = digits) =>
    delivery.deliver({ destination: to, callId, factor: 'card', digits: what });
  return { clock, sent, kept, deliver, delivery, callId };
}

t.test('the digits leave sealed: only the company’s key opens them, and their number does not show', async (t) => {
  const { deliver, sent, kept, callId } = setup(t, []);
  t.strictSame(await deliver(), { kind: 'taken' });
  await deliver('payments', '12');
  t.match(sent[0], { url: destination.url, method: 'POST', timeoutMs: 5000, headers: { authorization: 'Bearer x' } });
  const body = JSON.parse(String(sent[0]!.body)) as { id: string; sealed: string };
  t.match(body, { callId, factor: 'card', id: sent[0]!.headers!['idempotency-key'] });
  const opener = new Decrypter();
  opener.addIdentity(identity);
  const opened = JSON.parse(await opener.decrypt(armor.decode(body.sealed), 'text'));
  t.strictSame(opened, { callId, factor: 'card', digits });
  t.equal(String(sent[1]!.body).length, String(sent[0]!.body).length, 'as long as two digits are');
  t.notMatch(String(sent[0]!.body), new RegExp(digits));
  t.equal(kept.size, 0);
});

t.test('the company may say that they are wrong, or refuse', async (t) => {
  const { deliver, kept } = setup(t, [
    status(200, '{"verified":false}'),
    status(200, '{"verified":true}'),
    status(200, '<html>'),
    status(403),
  ]);
  t.strictSame(await deliver(), { kind: 'wrong' });
  t.strictSame(await deliver(), { kind: 'taken' });
  t.strictSame(await deliver(), { kind: 'taken' });
  t.strictSame(await deliver(), { kind: 'failed', because: 'refused' });
  t.strictSame(await deliver('nowhere'), { kind: 'failed', because: 'no-such-destination' });
  t.equal(kept.size, 0);
});

t.test('what cannot be delivered waits sealed, and is tried again with the same bytes, ever less often', async (t) => {
  const failures: GuardedAnswer[] = [{ kind: 'failed', because: 'unreachable' }, status(503), status(429)];
  const { deliver, sent, kept, clock } = setup(t, failures);
  t.strictSame(await deliver(), { kind: 'waits', because: 'unreachable' });
  t.notMatch(JSON.stringify([...kept.values()]), new RegExp(digits));
  for (const [ms, posted] of [
    [3000, 2],
    [14_000, 2],
    [1000, 3],
    [29_000, 3],
    [16_000, 4],
  ] as const) {
    clock.advance(ms);
    await settle();
    t.equal(sent.length, posted, `after ${ms} ms more`);
  }
  t.equal(kept.size, 0, 'delivered');
  t.strictSame(new Set(sent.map(({ body }) => body)).size, 1);
});

t.test('after its hours it is given up', async (t) => {
  const { deliver, delivery, sent, kept, clock } = setup(t, [status(500)]);
  await deliver();
  clock.advance(2000);
  for (const post of kept.values()) kept.set(post.id, { ...post, createdAt: clock.now() - 25 * 3_600_000, nextAt: 0 });
  await delivery.tryAgain();
  t.equal(sent.length, 1);
  t.equal(kept.size, 0);
});
