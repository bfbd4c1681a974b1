// The whole program loses all its SIP servers, with calls in every phase: each ends as ours within a stated time (15 s for somebody
// to take the dialogs up, at most 15 s more), and nobody at a desk is left in a call.

import t from 'tap';
import { hear, numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { ownServerProcess } from '../support/sip/sip-server-process.ts';

const secret = 'a-secret-for-both';
const servers = [await ownServerProcess.start(t, { secret }), await ownServerProcess.start(t, { secret })] as const;
const centre = await startCentre(t, {
  config: {
    sip: {
      kind: 'drachtio',
      servers: servers.map(({ address: { host, port } }) => ({ host, port, secret: 'env:ENGAWA_TEST_SIP_SECRET' })),
    },
  },
  environment: { ENGAWA_TEST_SIP_SECRET: secret },
});
const hanako = await centre.desk('hanako', 660);
const taro = await centre.desk('taro', 770);

interface Listed {
  id: string;
  cause: string | null;
  side: string | null;
  endedAt: number | null;
}
const listed = async (): Promise<Listed[]> => (await centre.engawa.get<{ items: Listed[] }>('/api/v1/calls')).items;

t.test('no SIP server is left: every call ends as ours in time, and the agents are free', async (t) => {
  centre.carrier.connect(servers[1].sip);
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, 440);
  await hanako.rings();
  await hanako.answer();
  await hear('both hear each other', [
    [customer, [660]],
    [hanako, [440]],
  ]);
  const talking = hanako.view.call!.id;
  await hanako.command('hold');
  await taro.setState('available');
  centre.carrier.next('ring');
  const before = centre.carrier.called.length;
  const dialled = await taro.dial({ number: '080-1111-2222' });
  t.equal(dialled.status, 201);
  await eventually('a customer’s telephone rings', () => centre.carrier.called[before], { withinMs: 30_000 });
  await centre.callIn(numbers.product, 520);
  const waiting = await eventually(
    'one waits in the queue',
    async () => {
      const open = (await listed()).filter(({ endedAt }) => endedAt === null);
      return open.find(({ id }) => id !== talking && id !== dialled.body.callId)?.id;
    },
    { everyMs: 250 },
  );

  await Promise.all(servers.map((server) => server.signal('SIGKILL')));
  const began = Date.now();
  const health = () => fetch(new URL('/healthz', centre.engawa.url));
  await eventually('health says so', async () => (await health()).status === 503, { withinMs: 20_000 });
  // 30 s are what is stated; the rest is for a machine that is busy.
  const over = async () => (await listed()).every(({ endedAt }) => endedAt !== null);
  await eventually('every call is over', over, { withinMs: 60_000, everyMs: 250 });
  const calls = await listed();
  for (const { id, endedAt } of calls) {
    const afterMs = endedAt! - began;
    t.ok(afterMs < 30_000, `${id} ended after ${afterMs} ms`);
  }
  const ours = calls.filter(({ id }) => id === talking || id === waiting);
  t.match(
    ours.map(({ cause, side }) => ({ cause, side })),
    [
      { cause: 'fault', side: 'us' },
      { cause: 'fault', side: 'us' },
    ],
  );
  await centre.atRest(30_000);
  for (const desk of [hanako, taro]) await desk.shows('no call', ({ call }) => call === null);
});
