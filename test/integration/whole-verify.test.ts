// Verification without the agent, on the whole built program: in a flow and in the middle of a call, with keys by RFC 4733, as
// tones in the audio, and by SIP INFO. Afterwards the digits are looked for in everything that anybody received or kept:
// the recording, the agent's audio, every byte that came to the home, the log at its most talkative, events, database files.

import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { armor, Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import t from 'tap';
import type { MadeVerificationCode, VerificationCodeView } from '../../src/api/contracts/verify.ts';
import { dtmfTone, InbandDtmfDetector } from '../../src/protocol/rtp/inband-dtmf.ts';
import { findNumber } from '../support/centre/number-finder.ts';
import { hear, rest, startCentre } from '../support/centre/whole-centre.ts';
import { eventually } from '../support/eventually.ts';
import { loudestDtmf, toneAmplitude } from '../support/media/tones.ts';
import type { Customer } from '../support/sip/carrier.ts';

const customerHz = 550;
const taroHz = 440;
/** A key is sent with 6000 in each of its two tones. */
const audible = 150;
const wholeCallNumber = '+81310006666';
const contractNumber = '730915528846';
const cardNumber = '4929610052787732';
const wrongContractNumber = '618204937755';

// The company's own services

const asked: { path: string; body: string }[] = [];
let away = false;
const company = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => {
    body += part;
  });
  request.on('end', () => {
    if (away) return response.writeHead(503).end();
    asked.push({ path: request.url ?? '', body });
    const right =
      request.url !== '/contract' || (JSON.parse(body) as { contract?: string }).contract === contractNumber;
    response.writeHead(right ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
  });
});
await new Promise<void>((resolve) => company.listen(0, '127.0.0.1', resolve));
t.teardown(() => company.close());
const companyUrl = `http://127.0.0.1:${(company.address() as AddressInfo).port}`;
const privateKey = await generateIdentity();
const publicKey = await identityToRecipient(privateKey);

const words = { ja: 'はい。', jaKana: 'はい。', en: 'Yes.' };
const say = { ja: 'はい。', en: 'Yes.' };
const label = { ja: 'x', en: 'x' };
const wait = { queue: 'general', 'timeout-seconds': 600, 'on-timeout': 'bye' };
const centre = await startCentre(t, {
  more: [
    {
      number: wholeCallNumber,
      name: 'verify',
      flow: {
        start: 'code',
        nodes: {
          code: {
            ...{ verify: 'one-time-code', ask: say, check: 'code', 'min-digits': 8, 'max-digits': 8, retries: 0 },
            ...{ verified: 'why', 'not-verified': 'bye' },
          },
          why: { reason: 'product-question', next: 'wait' },
          wait,
          bye: { 'hang-up': say },
        },
      },
    },
  ],
  config: {
    log: { level: 'trace' },
    outgoing: { hosts: ['127.0.0.1'], privateNetworks: ['127.0.0.0/8'] },
    lookups: [{ name: 'contracts', url: `${companyUrl}/contract`, method: 'POST' }],
    verification: {
      codes: { mostPerCustomer: 100 },
      factors: [
        {
          ...{ name: 'contract-number', label, ask: words, minDigits: 12, maxDigits: 12, attempts: 1 },
          check: { kind: 'lookup', service: 'contracts', digitsAs: 'contract' },
        },
        {
          ...{ name: 'card', label, ask: words, minDigits: 14, maxDigits: 16, attempts: 1 },
          check: { kind: 'seal', destination: 'payments' },
        },
      ],
      destinations: [{ name: 'payments', url: `${companyUrl}/card`, recipients: [publicKey], timeoutSeconds: 5 }],
    },
  },
});
const { engawa } = centre;
const taro = await centre.desk('taro', taroHz);
t.afterEach(async () => {
  await rest(taro);
  await centre.atRest();
});

/** One that the number finder can look for: it leaves zeros in front out. */
async function newCode(customer: object): Promise<MadeVerificationCode> {
  for (;;) {
    const response = await fetch(new URL('/api/v1/verification-codes', engawa.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${engawa.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ customer }),
    });
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    const made = (await response.json()) as MadeVerificationCode;
    if (!made.code.startsWith('0')) return made;
  }
}

const secrets = new Set<string>([contractNumber, cardNumber, wrongContractNumber]);
const tones = (digits: string): Int16Array =>
  Int16Array.from([...digits].flatMap((digit) => [...dtmfTone(digit, 90)!, ...new Int16Array(560)]));

/** By SIP INFO, as the equipment does that knows nothing else. */
async function keyByInfo(customer: Customer, digits: string): Promise<void> {
  for (const digit of digits) {
    const answer = await customer.request('INFO', {
      contentType: 'application/dtmf-relay',
      body: `Signal=${digit}\r\nDuration=120\r\n`,
    });
    if (answer.status !== 200) throw new Error(`INFO is answered ${answer.status}`);
  }
}

/** In conversation with taro. */
async function connected(events = true): Promise<{ customer: Customer; callId: string }> {
  await taro.setState('available');
  const customer = await centre.callIn('+81310001111', customerHz, '09011112222', { events });
  await taro.rings();
  await taro.answer();
  await hear('both hear each other', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  return { customer, callId: taro.view.call!.id };
}

const verificationIs = (state: string) =>
  taro.shows(`verification ${state}`, (desk) => desk.call?.verification?.state === state, 30_000);
const ask = (callId: string, factor: string) =>
  taro.rest('POST', `/api/v1/calls/${callId}/verification`, { factor, language: 'en' });

/** What the recording has of the time in which the customer was asked. */
async function recordedSecret(callId: string) {
  const record = await centre.endedCall(callId);
  const events = await centre.events(callId);
  const at = (type: string) => events.find((event) => event.type === type)!.at;
  const audio = await centre.recording(record.recordingIds[0]!);
  // Both end together.
  const from = audio.durationMs - (record.endedAt! - at('verification-asked'));
  const until = audio.durationMs - (record.endedAt! - at('verification-result'));
  return { audio, from: from + 200, until: until - 200, events };
}

t.test('in a flow: a code of the company’s website verifies the customer who keys it, once', async (t) => {
  await taro.setState('available');
  const made = await newCode({ number: '090-3333-4444', key: 'C-1' });
  secrets.add(made.code);
  t.match(made.shown, /^\d{4} \d{4}$/);
  const customer = await centre.callIn(wholeCallNumber, customerHz, '09033334444');
  await customer.digits(made.code);
  await taro.rings();
  await taro.answer();
  await hear('both hear each other', [
    [customer, [taroHz]],
    [taro, [customerHz]],
  ]);
  t.strictSame(taro.view.call?.verified, ['one-time-code'], 'the agent sees which factor');
  const callId = taro.view.call!.id;
  const view = await engawa.get<VerificationCodeView>(`/api/v1/verification-codes/${made.id}`);
  t.match(view, { state: 'used', callId }, 'and the company which call it was');
  customer.hangUp();
  await centre.endedCall(callId);
  t.match(
    (await centre.events(callId)).filter(({ type }) => type.startsWith('verification')),
    [
      { type: 'verification-asked', factor: 'one-time-code' },
      { type: 'verification-result', factor: 'one-time-code', verified: true, codeId: made.id },
    ],
  );

  const again = await centre.callIn(wholeCallNumber, customerHz, '09033334444');
  await again.digits(made.code);
  await eventually('a second time it is nobody’s', () => again.endedBy === 'them', { withinMs: 30_000 });
});

t.test(
  'in a call, by RFC 4733: the agent stays, hears beeps, sees the factor, and has the customer back',
  async (t) => {
    const { customer, callId } = await connected();
    t.equal((await ask(callId, 'no-such')).status, 409);
    t.equal((await ask(callId, 'contract-number')).status, 204);
    await verificationIs('collecting');
    t.match(await ask(callId, 'contract-number'), { status: 409, body: { code: 'verification-running' } });
    await hear('the agent hears nothing of the customer', [[taro, []]]);
    await customer.digits(wrongContractNumber);
    await verificationIs('not-verified');
    t.strictSame(taro.view.call?.verified, []);

    t.equal((await ask(callId, 'contract-number')).status, 204);
    await verificationIs('collecting');
    await hear('again nothing', [[taro, []]]);
    await customer.digits(contractNumber);
    await verificationIs('verified');
    t.ok(beepsIn(taro.pcm(8000)) >= 10, `the agent heard ${beepsIn(taro.pcm(8000))} beeps`);
    t.ok(loudestDtmf(taro.pcm(8000)) < audible, `and no key: at most ${Math.round(loudestDtmf(taro.pcm(8000)))}`);
    t.strictSame(taro.view.call?.verified, ['contract-number']);
    t.same(asked.at(-1), { path: '/contract', body: JSON.stringify({ contract: contractNumber }) });
    await hear('the agent has the customer back', [
      [taro, [customerHz]],
      [customer, [taroHz]],
    ]);
    await taro.command('hangup');
    const { audio, from, until } = await recordedSecret(callId);
    t.ok(until - from > 500, `${Math.round(until - from)} ms`);
    const loudest = loudestDtmf(audio.samples('left', from, until));
    t.ok(loudest < audible, `what the customer says, in the recording: at most ${Math.round(loudest)}`);
    // On the right there are the agent and the question, in which a voice has everything a little.
    const right = audio.samples('right', from, until);
    t.strictSame(new InbandDtmfDetector().push(right), [], 'and no key in what the customer hears');
  },
);

t.test('in a call, as tones in the audio: digits leave only sealed to the company’s key', async (t) => {
  const { customer, callId } = await connected(false);
  t.equal((await ask(callId, 'card')).status, 204);
  await verificationIs('collecting');
  await hear('the agent hears nothing of the customer', [[taro, []]]);
  await customer.rtp.says(tones(cardNumber));
  await verificationIs('verified');
  t.ok(loudestDtmf(taro.pcm(5000)) < audible, `the agent heard at most ${Math.round(loudestDtmf(taro.pcm(5000)))}`);
  const posted = JSON.parse(asked.at(-1)!.body) as { sealed: string; callId: string; factor: string };
  t.match(posted, { callId, factor: 'card' });
  const opener = new Decrypter();
  opener.addIdentity(privateKey);
  const opened = JSON.parse(await opener.decrypt(armor.decode(posted.sealed), 'text')) as object;
  t.strictSame(opened, { callId, factor: 'card', digits: cardNumber });
  await hear('the customer is back', [[taro, [customerHz]]]);

  away = true;
  t.equal((await ask(callId, 'card')).status, 204);
  await verificationIs('collecting');
  await customer.rtp.says(tones(cardNumber));
  await verificationIs('not-checked');
  away = false;
  await taro.command('hangup');
  const { audio, from, until } = await recordedSecret(callId);
  const loudest = loudestDtmf(audio.samples('left', from, until));
  t.ok(loudest < audible, `the recording has at most ${Math.round(loudest)}`);
  const before = asked.length;
  await eventually('what was not delivered is delivered', () => asked.length > before, { withinMs: 60_000 });
  t.equal((JSON.parse(asked.at(-1)!.body) as { callId: string }).callId, callId);
});

t.test('in a call, by SIP INFO; and the agent cancels', async (t) => {
  const { customer, callId } = await connected();
  t.equal((await ask(callId, 'contract-number')).status, 204);
  await verificationIs('collecting');
  await keyByInfo(customer, contractNumber);
  await verificationIs('verified');
  t.equal((await ask(callId, 'contract-number')).status, 204);
  await verificationIs('collecting');
  await keyByInfo(customer, contractNumber.slice(0, 8));
  t.equal((await taro.rest('DELETE', `/api/v1/calls/${callId}/verification`)).status, 204);
  await verificationIs('cancelled');
  await hear('the customer is back', [[taro, [customerHz]]]);
  t.equal((await taro.rest('DELETE', `/api/v1/calls/${callId}/verification`)).status, 409);
  customer.hangUp();
  await centre.endedCall(callId);
});

t.test('the digits are nowhere', async (t) => {
  const home = taro.proxy.toClient();
  t.ok(home.length > 10_000, `${home.length} bytes came to the home`);
  const log = engawa.log();
  t.match(log, /"level":20/, 'the log is at its most talkative');
  const events = JSON.stringify(await engawa.get('/api/v1/calls?limit=50'));
  for (const digits of secrets) {
    const name = `${digits.slice(0, 2)}…`;
    for (const [where, bytes] of [
      ['home', home],
      ['log', log],
      ['printed', engawa.printed()],
      ['calls', events],
    ] as const)
      t.strictSame(findNumber(bytes, digits), [], `${name}: ${where}`);
  }
  let searched = 0;
  for (const file of filesBelow(engawa.dataFolder)) {
    const bytes = readFileSync(file);
    searched += bytes.length;
    for (const digits of secrets) if (bytes.includes(digits)) t.fail(`${digits.slice(0, 2)}… is in ${file}`);
  }
  t.ok(searched > 1_000_000, `${searched} bytes of database, journal, recordings and logs`);
});

/** Beeps of 90 ms, counted by their beginnings. */
function beepsIn(samples: Int16Array): number {
  let beeps = 0;
  let before = false;
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    const now = toneAmplitude(samples.subarray(at, at + 160), 425) > 1500;
    if (now && !before) beeps++;
    before = now;
  }
  return beeps;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
