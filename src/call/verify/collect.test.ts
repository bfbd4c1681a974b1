import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import { simulateEndpoint } from '../../../test/support/media/simulated-endpoint.ts';
import type { Leg, LegEvents } from '../../sbc/leg.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { silentLogger } from '../../shared/logger.ts';
import { createDigitSource } from '../inbound/digit-collector.ts';
import { collectSecretly, type SecretDigits } from './collect.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function setup() {
  const clock = createFakeClock();
  const endpoint = simulateEndpoint('a');
  const leg = createEmitter<LegEvents>();
  const digits = createDigitSource({ clock, endpoint, leg: leg as unknown as Leg });
  const over = new AbortController();
  let keys = 0;
  const key = (each: string) => {
    for (const digit of each) endpoint.tell('digit', { digit, durationMs: 80, by: 'rfc4733' });
  };
  const collect = (use: (got: SecretDigits) => Promise<unknown> = async (got) => got) =>
    collectSecretly(
      {
        ...{ endpoint, digits, log: silentLogger, minDigits: 4, maxDigits: 6, terminator: '#', timeoutSeconds: 5 },
        ask: () => endpoint.play({ kind: 'say', text: 'x', language: 'ja' }),
        onKey: () => {
          keys++;
        },
        signal: over.signal,
      },
      use,
    );
  return { clock, endpoint, key, collect, over, digits, keys: () => keys };
}

t.test('cut off before the question, back when no key has come for a second', async (t) => {
  const { clock, endpoint, key, collect, keys } = setup();
  const got = collect();
  await settle();
  t.strictSame(endpoint.asked, ['digits silent', 'play say'], 'in this order');
  key('123456');
  await settle();
  t.strictSame(endpoint.asked, ['digits silent', 'play say', 'stop say', 'stop say']);
  clock.advance(900);
  key('78');
  clock.advance(900);
  await settle();
  t.notOk(endpoint.asked.includes('digits audible'), 'keys too many are not heard either');
  clock.advance(100);
  t.strictSame(await got, { kind: 'digits', digits: '123456' });
  t.equal(endpoint.asked.at(-1), 'digits audible');
  t.equal(keys(), 6);
});

t.test('keys that came too many are not taken for the next question', async (t) => {
  const { clock, key, collect, digits, over } = setup();
  const got = collect();
  await settle();
  key('123456789');
  await settle();
  clock.advance(1000);
  await got;
  const next = digits.collect({
    ...{ minDigits: 1, maxDigits: 1, terminator: null, timeoutSeconds: 5, onFirst: () => {}, signal: over.signal },
    after: Promise.resolve(),
  });
  await settle();
  clock.advance(5000);
  t.match(await next, { kind: 'timeout' });
});

t.test('too few, nothing, given up: each is told, and the customer is heard again', async (t) => {
  for (const [what, keyed, expected] of [
    ['too few, ended by the key', '12#', { kind: 'too-few' }],
    ['too few, then nothing more', '12', { kind: 'too-few' }],
    ['nothing', '', { kind: 'timeout' }],
    ['enough, ended by the key', '1234#', { kind: 'digits', digits: '1234' }],
  ] as const) {
    const { clock, endpoint, key, collect } = setup();
    const got = collect();
    await settle();
    endpoint.finishPlay();
    await settle();
    key(keyed);
    await settle();
    for (let i = 0; i < 8; i++) {
      clock.advance(1000);
      await settle();
    }
    t.strictSame(await got, expected, what);
    t.equal(endpoint.asked.at(-1), 'digits audible', what);
  }
  const { clock, endpoint, key, collect, over } = setup();
  const got = collect();
  await settle();
  key('123');
  over.abort();
  await settle();
  t.notOk(endpoint.asked.includes('digits audible'), 'a key may be down still');
  clock.advance(1000);
  t.strictSame(await got, { kind: 'aborted' });
  t.equal(endpoint.asked.at(-1), 'digits audible');
});

t.test('nobody is asked when the media cannot keep it secret; a fault in the check opens it again', async (t) => {
  const broken = setup();
  broken.endpoint.failing = true;
  await t.rejects(broken.collect(), { code: 'media-unavailable' });
  t.strictSame(broken.endpoint.asked, []);
  const { clock, endpoint, key, collect } = setup();
  const got = collect(() => Promise.reject(new Error('no')));
  got.catch(() => {});
  await settle();
  key('1234#');
  await settle();
  clock.advance(1000);
  await t.rejects(got, /no/);
  t.equal(endpoint.asked.at(-1), 'digits audible');
});

t.test('somebody who leans on the keys is heard again after ten seconds', async (t) => {
  const { clock, key, collect } = setup();
  const got = collect();
  await settle();
  key('123456');
  for (let i = 0; i < 20; i++) {
    await settle();
    clock.advance(500);
    key('9');
  }
  t.match(await got, { kind: 'digits', digits: '123456' });
});
