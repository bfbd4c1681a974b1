// The other way round: an agent at home calls a customer back by alias. sipp is first the customer who calls in (so that there
// is an alias), then the customer who is called; Chromium is the agent.

import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { openDesk } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { eventually } from '../support/eventually.ts';
import { freeUdpPort } from '../support/free-port.ts';
import { createRecordingProxy } from '../support/recording/recording-proxy.ts';
import { downloadedRecording } from '../support/recording/sealed-recording.ts';
import { startSippCustomer } from '../support/sip/sipp-customer.ts';

t.setTimeout(420_000);

const customerTone = 330;
const agentTone = 790;
const customerNumber = '+819012345678';

t.test('an agent at home calls an alias back; the customer sees the company’s number and nothing else', async (t) => {
  const carrierPort = await freeUdpPort();
  const engawa = await startEngawa(t, {
    config: {
      trunks: [
        {
          name: 'carrier',
          addresses: ['127.0.0.1'],
          targets: [{ host: '127.0.0.1', port: carrierPort }],
          formIn: 'national',
          formOut: 'national',
          priority: 1,
          optionsIntervalSeconds: 0,
          identity: {},
        },
      ],
    },
  });
  const proxy = await createRecordingProxy({ host: '127.0.0.1', port: engawa.port });
  t.teardown(() => proxy.close());

  const first = await startSippCustomer(t, {
    scenario: 'carrier-calls-in-and-hangs-up',
    target: engawa.sip,
    dialled: '0120000111',
    customer: '09012345678',
    toneHz: customerTone,
    talkMs: 300,
    sipPort: carrierPort,
  });
  t.equal(await first.ended, 0);
  const alias = await eventually('the caller has an alias', async () => {
    const { items } = await engawa.get<{ items: CallView[] }>('/api/v1/calls');
    return items[0]?.alias;
  });

  const customer = await startSippCustomer(t, {
    scenario: 'carrier-is-called',
    toneHz: customerTone,
    sipPort: carrierPort,
  });
  const home = await openDesk(t, {
    url: `http://127.0.0.1:${proxy.port}`,
    login: 'hanako',
    password: engawa.passwordOf('hanako'),
    toneHz: agentTone,
  });
  await home.dial(alias);
  await customer.connected(20_000);
  await home.waitToHear([customerTone]);
  await eventually('the customer hears the agent', () => customer.party.hears().includes(agentTone));
  t.equal(await home.alias(), alias);

  await home.hold();
  await eventually('the agent is not heard on hold', () => !customer.party.hears().includes(agentTone));
  await home.resume();
  await eventually('the customer hears the agent again', () => customer.party.hears().includes(agentTone));
  await home.digits('5');
  await eventually('the customer’s side gets the digit', () => customer.party.report().digits === '5');
  await home.hangUp();
  t.equal(await customer.ended, 0, 'sipp saw the call through to its end');

  const call = await eventually('the call record is complete', async () => {
    const { items } = await engawa.get<{ items: CallView[] }>('/api/v1/calls');
    const found = items.find((one) => one.direction === 'outbound' && one.endedAt !== null);
    return found?.quality.customer && found.recordingIds.length > 0 ? found : undefined;
  });
  t.match(call, { alias, companyNumber: '0120000111', trunk: 'carrier', cause: 'normal', side: 'agent' });

  await t.test('the customer’s side saw the company’s number, and nothing of the agent', async (t) => {
    const received = customer.received();
    const invite = received.slice(received.indexOf('INVITE sip:'));
    t.match(invite, /^INVITE sip:09012345678@/, 'in the carrier’s number form');
    t.match(invite, /From: .*0120000111/, 'the company’s number is presented');
    for (const word of ['hanako', '佐藤', 'Chrom', 'SIP.js', 'desk', ...call.segments.map((one) => one.personId)])
      t.notOk(received.toLowerCase().includes(word.toLowerCase()), `“${word}” did not get out`);
  });

  await t.test('the number is in no byte that the home received, and in no log line', async (t) => {
    t.ok(proxy.toClient().includes(alias), 'the alias was received');
    t.strictSame(findNumber(proxy.toClient(), customerNumber), []);
    t.strictSame(findNumber(engawa.log(), customerNumber), []);
  });

  await t.test('the sealed recording has one party per channel', async (t) => {
    const heard = await downloadedRecording(engawa, call.recordingIds[0]!);
    const end = heard.durationMs - 300;
    t.ok(heard.level('left', customerTone, 500, end) > 1000, 'the customer is left');
    t.ok(heard.level('right', agentTone, 300, end) > 500, 'the agent is right');
    t.ok(heard.level('left', agentTone, 500, end) < 100, 'the agent is not left');
    t.ok(heard.level('right', customerTone, 500, end) < 100, 'the customer is not right');
  });

  await t.test('numbers that must not be dialled are refused with a sentence', async (t) => {
    for (const number of ['110', '119', '0990123456', '+14155550100', 'abc']) {
      const response = await fetch(new URL('/api/v1/calls', engawa.url), {
        method: 'POST',
        headers: { authorization: `Bearer ${engawa.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ to: { number }, personId: call.segments[0]?.personId }),
      });
      t.ok(response.status >= 400 && response.status < 500, `${number}: ${response.status}`);
      t.match(response.headers.get('content-type'), 'application/problem+json');
    }
  });
});
