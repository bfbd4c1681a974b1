// The whole program on two SIP servers that are processes of their own: the customer's is killed in mid-call. What customer and agent
// hear of it, and what the record says.

import t from 'tap';
import { hear, numbers, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import type { RobotDesk } from '../support/media/robot-desk.ts';
import { ownServerProcess } from '../support/sip/sip-server-process.ts';

const customerHz = 440;
const hanakoHz = 660;
const secret = 'a-secret-for-both';
const [first, second] = [await ownServerProcess.start(t, { secret }), await ownServerProcess.start(t, { secret })];
const centre = await startCentre(t, {
  config: {
    sip: {
      kind: 'drachtio',
      servers: [first, second].map(({ address }, index) => ({
        name: ['first', 'second'][index],
        host: address.host,
        port: address.port,
        secret: 'env:ENGAWA_TEST_SIP_SECRET',
      })),
    },
  },
  environment: { ENGAWA_TEST_SIP_SECRET: secret },
});
const hanako = await centre.desk('hanako', hanakoHz);

async function talking() {
  await hanako.setState('available');
  const customer = await centre.callIn(numbers.product, customerHz);
  await hanako.rings(20_000);
  await hanako.answer();
  await bothHear(customer);
  return { customer, callId: hanako.view.call!.id };
}

const bothHear = (customer: { hears(lastMs?: number): number[] }) =>
  hear('both hear each other', [
    [customer, [hanakoHz]],
    [hanako, [customerHz]],
  ]);

/** As a page does whose WebSocket has closed: again and again until it is let in. */
async function comesBack(desk: RobotDesk): Promise<void> {
  desk.dropWebSocket();
  await eventually('the desk is connected again', () => desk.connectPhone().then(() => true), {
    withinMs: 30_000,
    everyMs: 300,
  });
}

const health = async () => {
  const response = await fetch(new URL('/healthz', centre.engawa.url));
  return { status: response.status, text: await response.text() };
};

t.test('the SIP server of the customer dies: the conversation goes on, and ends as any other', async (t) => {
  const { customer, callId } = await talking();
  t.equal(customer.sip.remote.port, first.sip.port, 'the customer called through the first');
  const gapsBefore = customer.rtp.report().gapsMs.length;
  await first.signal('SIGKILL');
  await eventually('the second has taken up the dialog', () => customer.sip.remote.port === second.sip.port, {
    withinMs: 20_000,
  });
  await comesBack(hanako);
  await bothHear(customer);
  const gaps = customer.rtp.report().gapsMs.slice(gapsBefore);
  t.ok(Math.max(0, ...gaps) < 1_000, `the customer was without audio for ${Math.max(0, ...gaps)} ms`);
  t.match(await health(), { status: 200, text: /first/ }, 'calls can be taken, and health says who is missing');

  await hanako.command('hold');
  await hanako.command('resume');
  await bothHear(customer);
  customer.hangUp();
  const record = await centre.endedCall(callId);
  t.match(record, { cause: 'normal', side: 'customer' });
  await hanako.inState('after-call-work');
  await rest(hanako);
  await centre.atRest();

  centre.carrier.connect(second.sip);
  const next = await talking();
  await hanako.command('hangup');
  await eventually('the customer is told', () => next.customer.endedBy === 'them', { withinMs: 10_000 });
  await rest(hanako);
  await centre.atRest();
});
