// One-time codes, tries and sealed posts on a real PostgreSQL: what must happen to one of many happens once.

import t from 'tap';
import { newId } from '../../src/shared/ids.ts';
import { sql, testDatabase, testStore } from '../support/servers/database.ts';

const url = await testDatabase(t);
const store = await testStore(t, { url });
// Another node.
const other = await testStore(t, { url });
const codes = store.verificationCodes;

let made = 0;
const code = (more: object = {}) => ({
  ...{ id: `vc_${++made}`, codeHash: `hash-${made}`, factor: 'one-time-code', alias: 'AAAA-AAAA', customerHash: null },
  ...{ createdAt: 1000, expiresAt: 9000 },
  ...more,
});
const redeem = (codeHash: string, more: object = {}) =>
  codes.redeem({
    ...{ codeHash, factor: 'one-time-code', alias: 'AAAA-AAAA', callId: newId('call'), at: 2000 },
    ...more,
  });

t.test('a code is used once: by its customer, for its factor, in its time', async (t) => {
  const mine = code();
  t.equal(await codes.put(mine), true);
  t.equal(await codes.put(code({ codeHash: mine.codeHash, alias: 'CCCC-CCCC' })), false, 'one hash, one code');
  t.equal(await redeem('hash-nobody'), undefined);
  t.equal(await redeem(mine.codeHash, { alias: 'BBBB-BBBB' }), undefined, 'somebody else');
  t.equal(await redeem(mine.codeHash, { factor: 'another' }), undefined);
  t.equal(await redeem(mine.codeHash, { at: 9000 }), undefined, 'too late');
  const callId = newId('call');
  t.match(await redeem(mine.codeHash, { callId }), { id: mine.id, ended: 'used', endedAt: 2000, usedByCall: callId });
  t.equal(await redeem(mine.codeHash), undefined, 'twice');
  t.match(await codes.byId(mine.id), { ended: 'used', usedByCall: callId });
  t.equal(await codes.revoke(mine.id, 2000), false);
});

t.test('of calls that key the same code at the same instant on two nodes, one gets it', async (t) => {
  for (let round = 0; round < 10; round++) {
    const mine = code();
    await codes.put(mine);
    const query = { codeHash: mine.codeHash, factor: mine.factor, alias: null, at: 2000 };
    const tries = Array.from({ length: 8 }, (_, i) =>
      (i % 2 ? other.verificationCodes : codes).redeem({ ...query, callId: newId('call') }),
    );
    t.equal((await Promise.all(tries)).filter((row) => row !== undefined).length, 1);
  }
});

t.test('with a withheld number the code says who it is; without a number in it, any call may use it', async (t) => {
  const [withNumber, withKey] = [code(), code({ alias: null, customerHash: 'k1' })];
  await codes.put(withNumber);
  await codes.put(withKey);
  t.match(await redeem(withNumber.codeHash, { alias: null }), { id: withNumber.id });
  t.match(await redeem(withKey.codeHash, { alias: 'BBBB-BBBB' }), { id: withKey.id });
});

t.test('a newer code replaces the customer’s earlier one of the same factor, and no other', async (t) => {
  const who = { alias: 'DDDD-DDDD', customerHash: 'k2' };
  const [first, otherFactor, someoneElse] = [code(who), code({ ...who, factor: 'pin' }), code({ alias: 'EEEE-EEEE' })];
  for (const each of [first, otherFactor, someoneElse]) await codes.put(each);
  const newer = code({ alias: null, customerHash: 'k2' });
  await codes.put(newer);
  t.match(await codes.byId(first.id), { ended: 'replaced', endedAt: 1000 });
  for (const each of [otherFactor, someoneElse, newer]) t.match(await codes.byId(each.id), { ended: null });
  t.equal(await codes.revoke(newer.id, 3000), true);
  t.match(await codes.byId(newer.id), { ended: 'revoked' });
});

t.test('keyed wrongly too often, the codes of this caller are locked', async (t) => {
  const mine = code({ alias: 'FFFF-FFFF' });
  await codes.put(mine);
  const miss = () => codes.missed({ factor: mine.factor, alias: 'FFFF-FFFF', at: 2000, mostMisses: 3 });
  await miss();
  await miss();
  t.match(await codes.byId(mine.id), { ended: null });
  await miss();
  t.match(await codes.byId(mine.id), { ended: 'locked', endedAt: 2000 });
  t.equal(await redeem(mine.codeHash, { alias: 'FFFF-FFFF' }), undefined);
});

t.test('tries are counted over nodes, in windows, and a good one is taken back', async (t) => {
  const counts = await Promise.all(
    Array.from({ length: 10 }, (_, i) => (i % 2 ? other : store).verificationCodes.countTry('s', 5000 + i, 1000)),
  );
  t.strictSame(
    counts.sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  await codes.uncountTry('s');
  t.equal(await codes.countTry('s', 5500, 1000), 10);
  t.equal(await codes.countTry('s', 7000, 1000), 1, 'a new window');
  await codes.uncountTry('nobody');
});

t.test('a sealed post is taken by one, again after its lease, and goes when it is delivered', async (t) => {
  const posts = store.sealedPosts;
  const post = { id: 'sp_1', destination: 'payments', body: '{}', createdAt: 1000, tries: 0 };
  await posts.put({ ...post, nextAt: 1000 });
  const both = await Promise.all(
    [store, other].map((each) => each.sealedPosts.take({ at: 1000, leaseMs: 500, limit: 5 })),
  );
  t.strictSame(both.flat(), [{ ...post, tries: 1 }]);
  t.strictSame(await posts.take({ at: 1499, leaseMs: 500, limit: 5 }), []);
  t.strictSame(await posts.take({ at: 1500, leaseMs: 500, limit: 5 }), [{ ...post, tries: 2 }]);
  await posts.later(post.id, 9000);
  t.strictSame(await posts.take({ at: 8999, leaseMs: 500, limit: 5 }), []);
  await posts.remove(post.id);
  t.strictSame(await posts.take({ at: 99_999, leaseMs: 500, limit: 5 }), []);
});

t.test('what ended long ago goes', async (t) => {
  await codes.purge(9001);
  const [row] = await sql<{ count: number }>(url, 'SELECT count(*)::int AS count FROM verification_codes');
  t.equal(row?.count, 0);
});
