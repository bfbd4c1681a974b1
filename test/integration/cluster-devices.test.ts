// A lost device over two nodes: it is revoked at one, and what hangs on it at the other is gone within a second, which the audit log
// proves.

import pg from 'pg';
import { test } from 'tap';
import { startClusterCentre } from '../support/centre/cluster-centre.ts';
import { createSoftwareDevice, type Rest } from '../support/centre/software-device.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';

/** REST at any node with one session, as a browser has it. */
async function signIn(url: string, login: string, password: string) {
  const begun = await fetch(new URL('/api/v1/session', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password }),
  });
  const { csrfToken } = (await begun.json()) as { csrfToken: string };
  const cookie = (begun.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  const at =
    (node: string): Rest =>
    async (method, path, body) => {
      const answer = await fetch(new URL(`/api/v1${path}`, node), {
        method,
        headers: {
          ...{ cookie, 'x-csrf-token': csrfToken },
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        body: text ? JSON.parse(text) : null,
        headers: Object.fromEntries(answer.headers),
      };
    };
  return { cookie, at };
}

test('a device revoked at one node is shut out at the other within a second, with proof', {
  skip: skipWithoutRedis,
}, async (t) => {
  const cluster = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [cluster.nodes[0]!.engawa, cluster.nodes[1]!.engawa];
  const taro = await signIn(east.url, 'taro', east.passwordOf('taro'));
  const midori = await signIn(west.url, 'midori', west.passwordOf('midori'));
  const atWest = midori.at(west.url);
  await atWest('POST', '/session/step-up', { password: west.passwordOf('midori') });
  const { code } = (await atWest('POST', '/device-codes', { state: 'managed' })).body;
  const device = createSoftwareDevice();
  t.match((await device.enrol(taro.at(east.url), { code })).body, { device: { state: 'managed' }, proven: true });
  t.equal((await taro.at(west.url)('GET', '/session/device')).body.proven, true, 'the other node knows');
  t.equal((await device.prove(taro.at(west.url))).status, 204, 'and takes a proof over a challenge of its own');

  const cut: Record<string, number> = {};
  const feeds = await Promise.all(
    [east, west].map(async ({ url }) => {
      const feed = await fetch(new URL('/api/v1/feed', url), { headers: { cookie: taro.cookie } });
      t.equal(feed.status, 200);
      const end = async () => {
        for await (const _ of feed.body!);
      };
      const ended = end()
        .catch(() => undefined)
        .then(() => {
          cut[url] = Date.now();
        });
      return { ended };
    }),
  );
  const revokedAt = Date.now();
  const revoked = await atWest('POST', `/devices/${device.id}/revocation`, { why: 'lost' });
  t.equal(revoked.body.ended, 1);
  await Promise.all(feeds.map(({ ended }) => ended));
  for (const { url } of [east, west]) {
    t.ok(cut[url]! - revokedAt < 1000, `the feed at ${url} ended after ${cut[url]! - revokedAt} ms`);
    const { status, body, headers } = await taro.at(url)('GET', '/session');
    t.same([status, body.code], [401, 'device-revoked']);
    t.match(headers['clear-site-data'], '"storage"');
  }
  const database = new pg.Client(cluster.databaseUrl);
  await database.connect();
  t.teardown(() => database.end());
  const proofs = await eventually(
    'each node has written what it cut',
    async () => {
      const { rows } = await database.query(
        "SELECT d.body FROM audit_entries e JOIN audit_details d USING (seq) WHERE e.act = 'session-ended'",
      );
      // The node that was asked also says so in its own words.
      const found = rows.map(({ body }) => body.more).filter((details) => details?.because === 'device-revoked');
      return found.length >= 2 ? found : undefined;
    },
    { withinMs: 15_000 },
  );
  t.same(proofs.map(({ node }: { node: string }) => node).sort(), ['east', 'west']);
  for (const details of proofs) {
    t.match(details, { because: 'device-revoked', device: device.id, feeds: 1 });
    t.ok(details.afterMs < 1000, `${details.node}: ${details.afterMs} ms`);
  }
});
