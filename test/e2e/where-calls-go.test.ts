// Where a call may go, with sipp for customers and own telephones and Chromium for the desks: aoi works at home and is prepared
// for it, taro sits in the centre. Who may have which call, what the customer keys in secret, who goes on after the centre,
// which device rings, and who does not wait in vain.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { CallView } from '../../src/api/contract.ts';
import type { DecisionView } from '../../src/api/contracts/policy.ts';
import { InbandDtmfDetector } from '../../src/protocol/rtp/inband-dtmf.ts';
import { addAdministrator } from '../support/centre/administrator.ts';
import { type DeskPage, openDesk, signIn } from '../support/centre/desk-page.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { numbers, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { freeUdpPort } from '../support/free-port.ts';
import { loudestDtmf } from '../support/media/tones.ts';
import { createRecordingProxy } from '../support/recording/recording-proxy.ts';
import { downloadedRecording } from '../support/recording/sealed-recording.ts';
import { type SippCustomer, startSippCustomer } from '../support/sip/sipp-customer.ts';

t.setTimeout(600_000);

const customerHz = 440;
const aoiHz = 660;
const taroHz = 790;
const telephoneHz = 550;
const patience = { withinMs: 60_000 };
const telephoneNumber = '08055557788';

const say = { ja: 'はい。', en: 'Yes.' };
const label = { ja: 'ワンタイムコード', en: 'One-time code' };
const bye = { 'hang-up': say };
const product = { reason: 'product-question', next: 'wait' };
const overflows = {
  length: { number: '+81310021001', wait: { queue: 'full', 'on-full': 'other' } },
  time: { number: '+81310021002', wait: { queue: 'slow', 'timeout-seconds': 1, 'on-timeout': 'other' } },
  absence: { number: '+81310021003', wait: { queue: 'staffed', 'on-nobody': 'other' } },
  left: { number: '+81310021004', wait: { queue: 'left', 'on-empty': 'other' } },
};
const callbackLine = '+81310021005';

const queue = (name: string, admission?: object) => ({
  ...{ name, label: { ja: name, en: name }, ringTimeoutSeconds: 20, afterCallWorkSeconds: 0 },
  ...(admission ? { admission } : {}),
});
const carrierPort = await freeUdpPort();
const centre = await startCentre(t, {
  more: [
    ...Object.entries(overflows).map(([name, { number, wait }]) => ({
      ...{ number, name },
      flow: { start: 'product', nodes: { product, wait, other: { queue: 'general' } } },
    })),
    {
      ...{ number: callbackLine, name: 'callback' },
      flow: {
        start: 'product',
        nodes: {
          product,
          wait: { queue: 'general', keys: { 1: 'call-back' } },
          'call-back': {
            ...{ callback: 'general', confirm: { ja: '{number}で', en: '{number}' }, ask: say },
            ...{ next: 'bye', 'on-failure': 'wait' },
          },
          bye,
        },
      },
    },
  ],
  config: {
    queues: [
      ...[queue('general'), queue('contracts'), queue('full', { mostWaiting: 0 }), queue('slow')],
      ...[queue('staffed', { joinWith: 'signed-in' }), queue('left', { stayWith: 'ready', absenceSeconds: 1 })],
    ],
    policy: { file: 'config/policy.yaml' },
    telephones: { confirmSeconds: 20, ringSeconds: 30 },
    callbacks: { attempts: 3, retryMinutes: 0.05, ringSeconds: 20 },
    steps: { piiCameUp: { queue: 'contracts', reason: 'contract-change' } },
    verification: {
      factors: [
        {
          ...{ name: 'one-time-code', label, ask: say, minDigits: 8, maxDigits: 8, attempts: 1 },
          check: { kind: 'code' },
        },
      ],
    },
    trunks: [
      {
        ...{ name: 'carrier', addresses: ['127.0.0.1'], targets: [{ host: '127.0.0.1', port: carrierPort }] },
        ...{ formIn: 'national', formOut: 'national', priority: 1, optionsIntervalSeconds: 0 },
      },
    ],
  },
});
const { engawa } = centre;
const proxies = await Promise.all(
  ['aoi', 'taro'].map(() => createRecordingProxy({ host: '127.0.0.1', port: engawa.port })),
);
t.teardown(() => Promise.all(proxies.map((proxy) => proxy.close())));
const open = (login: string, toneHz: number, proxy: number) =>
  openDesk(t, {
    ...{ url: `http://127.0.0.1:${proxies[proxy]!.port}`, login, password: engawa.passwordOf(login), toneHz },
    patienceMs: 60_000,
  });
const aoi = await open('aoi', aoiHz, 0);
const taro = await open('taro', taroHz, 1);

const button = ({ page }: DeskPage, name: string | RegExp) => page.getByRole('button', { name, exact: true });
const press = (desk: DeskPage, name: string | RegExp) => button(desk, name).click();
async function choose({ page }: DeskPage, within: string, field: RegExp, option: RegExp): Promise<void> {
  await page
    .getByRole(within as 'dialog')
    .getByRole('button', { name: field })
    .click();
  await page.getByRole('option', { name: option }).click();
}
const callIn = async (dialled: string, customer = '09012345678'): Promise<SippCustomer> => {
  const made = await startSippCustomer(t, {
    ...{ scenario: 'carrier-calls-in', target: engawa.sip, dialled, customer, toneHz: customerHz },
  });
  await made.connected();
  return made;
};
const isCalled = (toneHz: number) =>
  startSippCustomer(t, { scenario: 'carrier-is-called', toneHz, sipPort: carrierPort });
const hears = ({ party }: SippCustomer, toneHz: number) =>
  eventually(`the telephone hears ${toneHz} Hz`, () => party.hears().includes(toneHz), patience);
const newestCall = async () => (await engawa.get<{ items: CallView[] }>('/api/v1/calls?limit=1')).items[0]!;
/** The telephone is answered and is told who calls: then a key counts. */
async function pressesOne({ party, received }: SippCustomer): Promise<void> {
  const loud = () => Math.max(0, ...party.pcm(300).map(Math.abs)) > 500;
  await eventually('the telephone is told', () => /^ACK /m.test(received()) && loud(), patience);
  await party.sendDigits('1');
}
/** Hangs up, and is free for the next call. */
async function hangUp(desk: DeskPage, telephone: SippCustomer): Promise<void> {
  await desk.hangUp();
  t.equal(await telephone.ended, 0, 'sipp saw the call through to its end');
  await desk.waitForState('available');
}

let alias = '';
let secret = '';
let splitCall = '';

t.test('a call about a contract is for the centre only', async (t) => {
  await aoi.available();
  const customer = await callIn(numbers.menu);
  await customer.party.sendDigits('1');
  const refused = await eventually(
    'the refusal can be looked up',
    async () => {
      const path = `/api/v1/decisions?callId=${(await newestCall()).id}`;
      return (await engawa.get<{ items: DecisionView[] }>(path)).items.find((one) => one.decision === 'refused');
    },
    patience,
  );
  t.match(refused, { rule: 'personal-in-the-centre', because: { en: /touches personal information; at home today/ } });
  await press(taro, 'Available');
  await taro.answer();
  await taro.waitToHear([customerHz]);
  await hears(customer, taroHz);
  t.equal(await button(aoi, 'Answer').count(), 0, 'the home did not ring');
  await verifiedAndHandedOver(customer);
});

/** One that can be looked for: the number finder leaves zeros in front out. */
async function oneTimeCode(number: string): Promise<string> {
  for (;;) {
    const made = await fetch(new URL('/api/v1/verification-codes', engawa.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${engawa.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ customer: { number } }),
    });
    const { code } = (await made.json()) as { code: string };
    if (!code.startsWith('0')) return code;
  }
}

/** The same call goes on: verified by a code that nobody hears, to the home, and back. */
async function verifiedAndHandedOver(customer: SippCustomer): Promise<void> {
  alias = await taro.alias();
  splitCall = (await newestCall()).id;
  secret = await oneTimeCode('09012345678');
  await press(taro, 'Verify');
  await taro.page.getByRole('menuitem', { name: 'One-time code' }).click();
  await taro.page.getByText(/the customer is keying/).waitFor();
  await taro.waitToHear([]);
  await customer.party.sendDigits(secret);
  await taro.page.getByText('One-time code: verified').waitFor();
  await taro.waitToHear([customerHz]);
  await press(taro, 'Hand over');
  await choose(taro, 'dialog', /What remains to be done/, /Product or service question/);
  await choose(taro, 'dialog', /Who goes on/, /^general$/);
  await taro.page.getByRole('dialog').getByRole('button', { name: 'Hand over' }).click();
  await aoi.answer();
  await aoi.waitToHear([customerHz]);
  await hears(customer, aoiHz);
  t.equal(await aoi.alias(), alias, 'the same alias at home');
  await aoi.page.getByText('Verified: One-time code').waitFor();
  await aoi.page.getByText('Handed over by the centre').waitFor();

  await taro.waitForState('available');
  await press(aoi, 'Personal information came up');
  await taro.answer();
  await taro.waitToHear([customerHz]);
  await hears(customer, taroHz);
  await taro.page.getByText('Personal information came up; it came back from home').waitFor();
  t.strictSame(await aoi.hears(), [], 'the home hears nothing of it any more');
  await hangUp(taro, customer);
  await taro.notReady();
}

t.test('what was keyed in secret is nowhere', async (t) => {
  const call = await centre.endedCall(splitCall);
  for (const id of call.recordingIds) {
    const audio = await downloadedRecording(engawa, id);
    const left = audio.samples('left', 0, audio.durationMs);
    t.strictSame(new InbandDtmfDetector().push(left), [], 'the recording has no key of the customer');
    // A key is sent with 6000 in each of its two tones; where a tone begins or ends there is a little of everything.
    const loudest = loudestDtmf(left);
    t.ok(loudest < 600, `nor anything like one: at most ${Math.round(loudest)}`);
  }
  for (const [index, proxy] of proxies.entries()) {
    t.ok(proxy.toClient().includes(alias), 'the page learned the alias');
    t.strictSame(findNumber(proxy.toClient(), secret), [], `desk ${index}: not the code`);
    t.strictSame(findNumber(proxy.toClient(), '+819012345678'), [], `desk ${index}: nor the number`);
  }
  t.strictSame(findNumber(engawa.log(), secret), [], 'nor the log');
  for (const entry of readdirSync(engawa.dataFolder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    if (readFileSync(file).includes(secret)) t.fail(`the code is in ${file}`);
  }
});

t.test('a typhoon comes: who is prepared has such a call at home', async () => {
  const page = await (await aoi.browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(new URL('/?lang=en', engawa.url).href);
  await signIn(page, 'en', 'midori', engawa.passwordOf('midori'));
  const card = page.getByRole('region', { name: 'Where we work from' });
  const switchTo = async (mode: RegExp, why: string) => {
    await card.getByRole('button', { name: 'Switch', exact: true }).click();
    await page.getByRole('radio', { name: mode }).check({ force: true });
    await page.getByLabel('Why? It is kept with your name.').fill(why);
    await page.getByRole('button', { name: 'Switch now' }).click();
  };
  const customer = await callIn(numbers.contract);
  await switchTo(/All from home/, 'Typhoon 19');
  await aoi.answer();
  await aoi.waitToHear([customerHz]);
  await hears(customer, aoiHz);
  await hangUp(aoi, customer);
  await switchTo(/As scheduled/, 'It is over');
  await card.getByText('As usual', { exact: true }).waitFor();
  await page.context().close();
});

t.test('the own telephone rings, key 1 joins, and the call moves to the browser and back', async (t) => {
  const administrator = await addAdministrator(engawa);
  const { body } = await administrator.rest<{ items: { id: string; login: string }[] }>('GET', '/api/v1/users');
  const path = `/api/v1/users/${body.items.find(({ login }) => login === 'aoi')!.id}/telephone`;
  t.match(await administrator.rest('PUT', path, { number: telephoneNumber }), { status: 200 });
  await aoi.reload();
  const place = aoi.page.getByRole('region', { name: 'Where you take calls' });
  await place.getByText('Own telephone', { exact: true }).click();
  await aoi.page.getByText(/Press 1 there to take them/).waitFor();
  await aoi.available();
  const telephone = await isCalled(telephoneHz);
  const customer = await callIn(numbers.product);
  await telephone.connected(60_000);
  t.match(telephone.received(), `INVITE sip:${telephoneNumber}@`);
  t.match(telephone.received(), /From:.*0310001111/, 'with the company’s number');
  await pressesOne(telephone);
  await hears(telephone, customerHz);
  await hears(customer, telephoneHz);
  await press(aoi, 'To the browser');
  await aoi.waitToHear([customerHz]);
  await hears(customer, aoiHz);
  t.equal(await telephone.ended, 0, 'the telephone is hung up');
  const again = await isCalled(telephoneHz);
  await press(aoi, 'To my telephone');
  await again.connected(60_000);
  await hears(customer, aoiHz);
  await pressesOne(again);
  await hears(again, customerHz);
  await hears(customer, telephoneHz);
  t.strictSame(findNumber(customer.received(), telephoneNumber), [], 'the customer’s side never saw the telephone');
  t.strictSame(findNumber(again.received(), '+819012345678'), [], 'nor the telephone the customer');
  await aoi.hangUp();
  t.equal(await again.ended, 0);
  t.equal(await customer.ended, 0);
  await place.getByText('Browser', { exact: true }).click();
  await aoi.page.getByText('Calls ring in this page.').waitFor();
});

t.test('who asks to be called back is called back, in the place of the call', async () => {
  await aoi.notReady();
  const asking = await callIn(callbackLine);
  await eventually('music plays', async () => (await newestCall()).queue === 'general', patience);
  await asking.party.sendDigits('1');
  await asking.party.sendDigits('1');
  t.equal(await asking.ended, 0, 'the flow says goodbye');
  const customer = await isCalled(customerHz);
  await press(aoi, 'Available');
  await aoi.answer();
  await customer.connected(60_000);
  t.match(customer.received(), 'INVITE sip:09012345678@');
  await aoi.waitToHear([customerHz]);
  await hears(customer, aoiHz);
  t.equal(await aoi.alias(), alias, 'the home sees an alias');
  await hangUp(aoi, customer);
});

t.test('a customer of a call list is called from the list', async () => {
  const ask = async (method: string, path: string, body: unknown) => {
    const response = await fetch(new URL(`/api/v1/call-lists${path}`, engawa.url), {
      method,
      headers: { authorization: `Bearer ${engawa.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    t.ok(response.ok, `${method} ${path}: ${response.status}`);
    return (await response.json()) as { id: string };
  };
  const { id } = await ask('POST', '', {
    ...{ name: 'renewals', label: { ja: '更新', en: 'Renewals' }, mode: 'preview', reason: 'product-question' },
    ...{ queue: 'general', presentedNumber: numbers.product, calendar: 'always' },
    script: { ja: 'えんがわ商事です。', en: 'This is Engawa Shoji.' },
  });
  await ask('POST', `/${id}/customers`, { customers: [{ number: '09022223333', facts: { Plan: 'Basic' } }] });
  await ask('PATCH', `/${id}`, { state: 'running' });
  await aoi.notReady();
  await aoi.reload();
  const card = aoi.page.getByRole('region', { name: 'Call list' });
  await card.getByRole('button', { name: /Work on/ }).click();
  await aoi.page.getByRole('option', { name: 'Renewals' }).click();
  await press(aoi, 'Show the next customer');
  await card.getByText('Basic', { exact: true }).waitFor();
  const customer = await isCalled(customerHz);
  await card.getByRole('button', { name: 'Call', exact: true }).click();
  await customer.connected(60_000);
  t.match(customer.received(), 'INVITE sip:09022223333@');
  await aoi.waitToHear([customerHz]);
  await hears(customer, aoiHz);
  await aoi.hangUp();
  t.equal(await customer.ended, 0);
  await card.getByRole('button', { name: 'Save' }).click();
  const { items } = await eventually('the outcome is kept', async () => {
    const page = await engawa.get<{ items: { state: string }[] }>(`/api/v1/call-lists/${id}/customers`);
    return page.items.every(({ state }) => state === 'closed') ? page : undefined;
  });
  t.equal(items.length, 1);
  t.strictSame(findNumber(proxies[0]!.toClient(), '+819022223333'), [], 'no number reached the home');
});

t.test('a queue that cannot serve gives the call to the next', async (t) => {
  await aoi.available();
  for (const [by, { number }] of Object.entries(overflows)) {
    const customer = await callIn(number);
    await aoi.answer();
    await aoi.waitToHear([customerHz]);
    const { id } = await newestCall();
    const queues = (await centre.events(id)).flatMap((event) => (event.type === 'queue-entered' ? [event] : []));
    t.match(queues, [{ queue: String }, { queue: 'general' }], `${by}: by way of another queue`);
    await hangUp(aoi, customer);
  }
});
