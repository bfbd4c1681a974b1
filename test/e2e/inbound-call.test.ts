// The first call, with real parts only: sipp and a tone are the customer behind a carrier, Chromium is the agent at home, the
// built program is between. Every byte that the browser receives is kept and searched for the customer's number.

import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import { openDesk } from '../support/centre/desk-page.ts';
import { startEngawa } from '../support/centre/engawa.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { eventually } from '../support/eventually.ts';
import type { Heard } from '../support/recording/opened-audio.ts';
import { createRecordingProxy } from '../support/recording/recording-proxy.ts';
import { downloadedRecording } from '../support/recording/sealed-recording.ts';
import { startSippCustomer } from '../support/sip/sipp-customer.ts';

t.setTimeout(420_000);

const customerTone = 440;
const agentTone = 660;
const secondAgentTone = 550;
const customerNumber = '+819012345678';

t.test(
  'a customer calls, an agent at home answers, holds, transfers; numbers stay inside; the recording is sealed',
  async (t) => {
    const engawa = await startEngawa(t);
    const proxy = await createRecordingProxy({ host: '127.0.0.1', port: engawa.port });
    t.teardown(() => proxy.close());
    const url = `http://127.0.0.1:${proxy.port}`;
    const home = await openDesk(t, { url, login: 'hanako', password: engawa.passwordOf('hanako'), toneHz: agentTone });
    await home.available();

    const customer = await startSippCustomer(t, {
      scenario: 'carrier-calls-in',
      target: engawa.sip,
      dialled: '0120000111',
      customer: '09012345678',
      toneHz: customerTone,
    });
    await customer.connected();
    await customer.party.sendDigits('2');
    await home.answer();
    await home.waitForState('on-call');

    await t.test('both hear each other, and nobody else', async (t) => {
      await home.waitToHear([customerTone]);
      await eventually('the customer hears the agent', () => customer.party.hears().includes(agentTone));
      t.strictSame(customer.party.hears(), [agentTone]);
      t.strictSame(await home.hears(), [customerTone]);
    });

    await t.test('on hold the customer hears music, the agent nothing; afterwards both hear again', async (t) => {
      await home.hold();
      await eventually('the agent is not heard', () => !customer.party.hears().includes(agentTone));
      await home.waitToHear([]);
      await eventually('there is music', () => loudness(customer.party.pcm(1000)) > 200, { withinMs: 30_000 });
      await home.resume();
      await home.waitToHear([customerTone]);
      await eventually('the customer hears the agent', () => customer.party.hears().includes(agentTone));
      t.pass('hold and resume');
    });

    const alias = await home.alias();
    t.match(alias, /^[A-Z0-9]{4}-[A-Z0-9]{4}$/, 'the agent sees an alias');

    const centre = await openDesk(t, {
      url,
      login: 'taro',
      password: engawa.passwordOf('taro'),
      toneHz: secondAgentTone,
    });
    await centre.available();
    await home.transfer('Contracts');
    await centre.answer();
    await t.test('after the transfer the second agent has the customer', async (t) => {
      await centre.waitToHear([customerTone]);
      await eventually('the customer hears a second of the second agent', () =>
        customer.party.hears(1000).includes(secondAgentTone),
      );
      t.equal(await centre.alias(), alias);
      t.strictSame(await home.hears(), [], 'the first agent hears nothing any more');
    });
    await centre.hangUp();
    t.equal(await customer.ended, 0, 'sipp saw the call through to its end');

    const call = await eventually('the call record is complete', async () => {
      const { items } = await engawa.get<{ items: CallView[] }>('/api/v1/calls');
      const found = items.find((one) => one.alias === alias && one.endedAt !== null);
      return found?.quality.customer && found.recordingIds.length > 0 ? found : undefined;
    });
    t.match(call, {
      direction: 'inbound',
      companyNumber: '0120000111',
      flow: 'main',
      reason: 'product-question',
      piiClass: 'none',
      cause: 'normal',
      side: 'agent',
    });
    t.equal(call.segments.length, 2, 'one segment per agent');
    t.strictSame(
      call.segments.map((segment) => segment.place),
      ['home', 'centre'],
    );
    t.ok(call.holdMs > 100 && call.holdMs < 60_000, `hold time ${call.holdMs} ms`);
    t.ok((call.quality.customer?.mosEstimate ?? 0) > 3.5, 'a good line');

    await t.test('the sealed recording opens with the age command line and has one party per channel', async (t) => {
      const heard = await downloadedRecording(engawa, call.recordingIds[0]!);
      const end = heard.durationMs - 600;
      t.ok(heard.level('left', customerTone, 1000, end) > 1000, 'the customer is left');
      t.ok(heard.level('left', agentTone, 1000, end) < 100, 'the agent is not left');
      t.ok(loudest(heard, agentTone) > 1000, 'the first agent is right');
      t.ok(loudest(heard, secondAgentTone) > 1000, 'so is the second, after the transfer');
      t.ok(heard.level('right', customerTone, 500, end) < 100, 'the customer is not right');
    });

    await t.test('the customer’s number is in no byte that the homes received, and in no log line', async (t) => {
      t.ok(proxy.toClient().length > 10_000, 'something was received at all');
      t.strictSame(findNumber(proxy.toClient(), customerNumber), []);
      t.strictSame(findNumber(engawa.log(), customerNumber), []);
      t.strictSame(findNumber(engawa.printed(), customerNumber), []);
    });

    await t.test('nothing of the agents is in any byte that the carrier received', async (t) => {
      const received = customer.received();
      t.match(received, 'SIP/2.0 200');
      for (const word of [
        'hanako',
        'taro',
        '佐藤',
        '鈴木',
        'Chrom',
        'SIP.js',
        'desk',
        ...call.segments.map((one) => one.personId),
      ])
        t.notOk(received.toLowerCase().includes(word.toLowerCase()), `“${word}” did not get out`);
    });

    const unexpected = home.errors().filter((error) => !error.includes('401'));
    t.strictSame(unexpected, [], 'the page had no errors, but that nobody was signed in at first');
  },
);

t.test('a customer who hangs up frees the agent, and says so in the record', async (t) => {
  const engawa = await startEngawa(t);
  const home = await openDesk(t, {
    url: engawa.url,
    login: 'hanako',
    password: engawa.passwordOf('hanako'),
    toneHz: agentTone,
  });
  await home.available();
  const customer = await startSippCustomer(t, {
    scenario: 'carrier-calls-in-and-hangs-up',
    target: engawa.sip,
    dialled: '0310001111',
    toneHz: customerTone,
    talkMs: 45_000,
  });
  await customer.connected();
  await home.answer();
  await home.waitToHear([customerTone]);
  t.equal(await customer.ended, 0);
  await home.waitForState('after-call-work', 60_000);
  await home.done();
  await home.waitForState('available');
  const { items } = await engawa.get<{ items: CallView[] }>('/api/v1/calls');
  t.match(items[0], { cause: 'normal', side: 'customer', companyNumber: '+81310001111', flow: 'tokyo' });
  t.equal(await engawa.stop('SIGINT'), 0, 'Ctrl-C ends it cleanly');
});

/** The most of a tone that the right side has in a tenth of a second: Chromium's microphone file loops with a jump in phase. */
function loudest(heard: Heard, hz: number): number {
  const starts = Array.from({ length: Math.floor(heard.durationMs / 50) }, (_, index) => index * 50);
  return Math.max(...starts.map((fromMs) => heard.level('right', hz, fromMs, fromMs + 100)));
}

function loudness(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / Math.max(1, samples.length));
}
