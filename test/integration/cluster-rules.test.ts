// Rules and the mode of operation over two nodes: what is switched at one holds at the other, for a call that waits there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { startClusterCentre } from '../support/centre/cluster-centre.ts';
import { hear, hearsMusic, numbers, rest } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { skipWithoutRedis } from '../support/live/redis.ts';

test('the switch at one node lets a call that waits at the other go to a desk at home', {
  skip: skipWithoutRedis,
}, async (t) => {
  const file = join(t.testdir(), 'policy.yaml');
  writeFileSync(
    file,
    'rules: { stays: { calls: { class-at-least: personal }, operation: [normal, partly-home], needs: { place: centre } } }\n',
  );
  const cluster = await startClusterCentre(t, ['east', 'west'], {
    ringTimeoutSeconds: 30,
    config: { policy: { file } },
  });
  const [east, west] = [cluster.nodes[0]!, cluster.nodes[1]!];
  const aoi = await west.desk('aoi', 440);
  await aoi.setState('available');
  const customer = await east.callIn(numbers.contract, 550);
  await hearsMusic(customer, []);
  await eventually(
    'the refusal is told at the other node',
    async () => {
      const { items } = await west.engawa.get<{ items: { rule: string }[] }>('/api/v1/decisions?decision=refused');
      return items.some(({ rule }) => rule === 'stays');
    },
    { withinMs: 30_000 },
  );
  t.equal(aoi.line, undefined);

  const switched = await fetch(new URL('/api/v1/operation', west.engawa.url), {
    method: 'PUT',
    headers: { authorization: `Bearer ${west.engawa.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ operation: 'all-home', why: 'Typhoon 14' }),
  });
  t.equal(switched.status, 200);
  await aoi.answer(await aoi.rings());
  await hear('who is at home has the call', [
    [aoi, [550]],
    [customer, [440]],
  ]);
  await eventually(
    'the other node says so, too',
    async () => {
      const state = await east.engawa.get<{ operation: string; why: string | null }>('/api/v1/operation');
      return state.operation === 'all-home' && state.why === 'Typhoon 14';
    },
    { withinMs: 30_000 },
  );
  customer.hangUp();
  await rest(aoi);
});
