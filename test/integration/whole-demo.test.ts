// The demo as it is started by `npm start`: the button “Place a test call” has a simulated customer call in through the SIP
// port, with the flows of config/flows, and calls out reach simulated telephones.

import t from 'tap';
import { startEngawa } from '../support/centre/engawa.ts';
import { hear } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { openRobotDesk } from '../support/media/robot-desk.ts';
import { endRobotMedia } from '../support/media/robot-media.ts';

const engawa = await startEngawa(t);
t.teardown(endRobotMedia);
const hanako = await openRobotDesk(t, {
  url: engawa.url,
  login: 'hanako',
  password: engawa.passwordOf('hanako'),
  toneHz: 660,
});

t.test(
  'a test call, told nothing, chooses from the menu and reaches the agent, who hears the own voice back',
  async (t) => {
    await hanako.setState('available');
    const placed = await hanako.rest<{ id: string }>('POST', '/api/v1/test-calls', { talkSeconds: 60 });
    t.equal(placed.status, 201);
    await hanako.rings(45_000);
    t.match(hanako.view.call?.reason, { id: 'product-question', piiClass: 'none' });
    await hanako.answer();
    await eventually('the customer speaks', () => hanako.line!.media.loudness(500) > 200, { withinMs: 10_000 });
    await eventually('the echo', () => hanako.hears().includes(660), { withinMs: 20_000 });
    await hanako.command('hangup');
    await hanako.shows('after-call work', (desk) => desk.state === 'after-call-work');
    const state = async () =>
      (await hanako.rest<{ state: string }>('GET', `/api/v1/test-calls/${placed.body.id}`)).body.state;
    await eventually('the simulated customer knows', async () => (await state()) === 'ended', { withinMs: 30_000 });
  },
);

t.test('calls out reach simulated telephones: one answers, one is busy', async (t) => {
  await hanako.setState('not-ready');
  const answered = await hanako.dial({ number: '09011112222' });
  t.equal(answered.status, 201);
  await hanako.shows('connected', (desk) => desk.call?.state === 'connected');
  await eventually('the echo', () => hanako.hears().includes(660), { withinMs: 20_000 });
  await hanako.command('hangup');
  await hanako.shows('no call', (desk) => desk.call === null);
  const busy = await hanako.dial({ number: '09011112486' });
  const { cause } = await eventually(
    'it ends',
    async () => {
      const call = await engawa.get<{ endedAt: number | null; cause: string }>(`/api/v1/calls/${busy.body.callId}`);
      return call.endedAt === null ? undefined : call;
    },
    { withinMs: 10_000 },
  );
  t.equal(cause, 'busy');
  await hear('silence', [[hanako, []]]);
});
