// What strangers may write into headers, mutated: the readers of the border return something or nothing, and never throw.

import t from 'tap';
import { parseTrunkNumber, parseUserInput } from '../privacy/number-forms.ts';
import { seededRandom } from '../shared/random.ts';
import { readCaller } from './caller-identity.ts';
import { joinedDigests } from './digest/joined.ts';
import { readInfo } from './legs/info-digits.ts';
import { audioDirection } from './legs/sdp-view.ts';
import { causeOfBye, causeOfStatus } from './sip-cause.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);
const forMs = Number(process.env['FUZZ_MS'] ?? 1500);

const samples = [
  '"Anonymous, Inc" <sip:+81312345678;npdi@carrier.example;user=phone>;tag=1, <tel:+81-3-1234-5678>',
  'Digest username="a\\"b", realm="x, y", nonce="n", uri="sip:x", response="0", algorithm=MD5, Digest realm="z"',
  'Q.850;cause=16;text="Normal, call clearing", SIP;cause=200',
  'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 0 RTP/AVP 0\r\na=sendonly\r\n',
  'Signal=5\r\nDuration=160\r\n',
  '184 (０３) 1234-5678',
  'id;critical, user;header,none',
];
const spice = [
  '"',
  '\\',
  '<',
  '>',
  ',',
  ';',
  '=',
  '%',
  '%4',
  '\r\n',
  '\0',
  '＋',
  '\ud800',
  ' '.repeat(50),
  '9'.repeat(40),
];

function mutate(text: string): string {
  let result = text;
  for (let count = random.integer(1, 6); count > 0; count--) {
    const at = random.integer(0, result.length + 1);
    const cut = random.integer(0, 4);
    result = result.slice(0, at) + random.pick(spice) + result.slice(at + cut);
    if (random.next() < 0.1) result += random.pick(samples);
  }
  return result;
}

t.test(`mutated headers never throw and never take long (seed ${seed})`, async (t) => {
  const until = Date.now() + forMs;
  let rounds = 0;
  let slowestMs = 0;
  for (; Date.now() < until; rounds++) {
    const text = mutate(random.pick(samples));
    const began = performance.now();
    try {
      readCaller(
        { get: (name) => (name === 'Privacy' ? mutate(samples[6]!) : text) },
        { trustAsserted: true, form: 'national' },
      );
      parseTrunkNumber(text, random.pick(['e164', 'e164-bare', 'national'] as const), random.pick(['JP', 'US', 'XX']));
      parseUserInput(text, random.pick(['JP', 'US', 'XX']));
      joinedDigests(text);
      readInfo(random.pick(['application/dtmf-relay', 'application/dtmf', text]), text);
      audioDirection(text);
      causeOfBye(text);
      causeOfStatus(random.integer(300, 700), { reason: text });
    } catch (thrown) {
      t.fail(`seed ${seed}: ${JSON.stringify(text)} threw ${String(thrown)}`);
      return;
    }
    slowestMs = Math.max(slowestMs, performance.now() - began);
  }
  t.comment(`${rounds} rounds, slowest ${slowestMs.toFixed(1)} ms`);
  t.ok(rounds > 100);
  t.ok(slowestMs < 500, 'no input takes long');
});
