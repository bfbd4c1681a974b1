// Sessions over two nodes: ended at one, its softphone, feed and audio at the other are gone within a second; one desk per person,
// whichever nodes its computers are at; a ticket is good once on all of them together.

import { test } from 'tap';
import { WebSocket } from 'ws';
import { startClusterCentre } from '../support/centre/cluster-centre.ts';
import { hear, numbers, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';

test('what is ended or taken over at one node holds at the other at once', { skip: skipWithoutRedis }, async (t) => {
  const { nodes } = await startClusterCentre(t, ['east', 'west']);
  const [east, west] = [nodes[0]!, nodes[1]!];

  await t.test('a desk at west, its call at east: taken over at east, with the call', async (t) => {
    const first = await west.desk('hanako', 440);
    await first.setState('available');
    const customer = await east.callIn(numbers.product, 550);
    const line = await first.rings();
    await first.answer(line);
    const second = await east.desk('hanako', 660, { withoutPhone: true });
    t.match(await second.rest('POST', '/api/v1/desk/softphone/ticket', {}), { status: 409 }, 'east knows of west');
    const since = performance.now();
    await second.connectPhone();
    await eventually('the first is cut off', () => !line.reachable, { everyMs: 5 });
    const tookMs = performance.now() - since;
    t.ok(tookMs < 1000, `${tookMs.toFixed(0)} ms`);
    await eventually('the call is at the second', () => second.line?.state === 'answered', { withinMs: 20_000 });
    await hear('each other', [
      [second, [550]],
      [customer, [660]],
    ]);

    const { media } = second.line!;
    let [packets, lastAt] = [0, 0];
    const timer = setInterval(() => {
      const now = media.packetsReceived();
      if (now !== packets) [packets, lastAt] = [now, performance.now()];
    }, 5);
    t.teardown(() => clearInterval(timer));
    const old = await first.rest<{ items: { id: string; current: boolean; desk: boolean }[] }>(
      'GET',
      '/api/v1/sessions',
    );
    const other = old.body.items.find(({ desk }) => desk);
    t.equal(other?.current, false, 'west, too, says where the desk is');
    const revokedAt = performance.now();
    t.equal((await first.rest('DELETE', `/api/v1/sessions/${other?.id}`)).status, 204, 'ended from west');
    await eventually(
      'its WebSocket at east is closed',
      () => !second.line?.reachable || second.line.state === 'ended',
      {
        everyMs: 5,
      },
    );
    const socketMs = performance.now() - revokedAt;
    await eventually('its audio is over', () => performance.now() - lastAt > 700);
    clearInterval(timer);
    const audioMs = lastAt - revokedAt;
    t.comment(`over two nodes: WebSocket ${socketMs.toFixed(0)} ms, audio ${audioMs.toFixed(0)} ms`);
    t.ok(socketMs < 1000 && audioMs < 1000);
    t.equal((await second.rest('GET', '/api/v1/desk')).status, 401);
    await first.connectPhone();
    await eventually('she goes on at the first', () => first.line?.state === 'answered', { withinMs: 20_000 });
    await hear('each other again', [
      [first, [550]],
      [customer, [440]],
    ]);
    customer.hangUp();
    await rest(first);
    await first.signOut();
  });

  await t.test('a ticket of one node opens one softphone, at either node', async (t) => {
    const hanako = await east.desk('hanako', 440, { withoutPhone: true });
    const { body } = await hanako.rest<{ ticket: string }>('POST', '/api/v1/desk/softphone/ticket', {});
    const { cookie } = hanako;
    const open = ({ engawa }: typeof east) =>
      new Promise<number>((resolve) => {
        const url = `${engawa.url.replace('http', 'ws').replace(/\/$/, '')}/sip?ticket=${body.ticket}`;
        const socket = new WebSocket(url, 'sip', { headers: { cookie }, origin: new URL(engawa.url).origin });
        t.teardown(() => socket.terminate());
        socket.on('error', () => undefined);
        socket.on('open', () => resolve(101));
        socket.on('unexpected-response', (_request, { statusCode = 0 }) => resolve(statusCode));
      });
    t.same((await Promise.all([open(west), open(east)])).sort(), [101, 401]);
    t.equal(await open(west), 401);
    await hanako.signOut();
  });
});
