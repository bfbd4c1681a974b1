import t from 'tap';
import { createFakeClock } from '../../../test/support/fake-clock.ts';
import type { Endpoint, EndpointEvents } from '../../media/endpoint.ts';
import type { Leg, LegEvents } from '../../sbc/leg.ts';
import { createEmitter } from '../../shared/emitter.ts';
import { createDigitSource, type DigitRequest } from './digit-collector.ts';

function setup() {
  const clock = createFakeClock();
  const endpoint = createEmitter<EndpointEvents>();
  const leg = createEmitter<LegEvents>();
  const source = createDigitSource({ clock, endpoint: endpoint as unknown as Endpoint, leg: leg as unknown as Leg });
  const key = (digit: string) => endpoint.emit('digit', { digit, durationMs: 100, by: 'rfc4733' });
  const keyByInfo = (digit: string) => leg.emit('digit', { digit, durationMs: 100 });
  const over = new AbortController();
  const ask = (more: Partial<DigitRequest> = {}) =>
    source.collect({
      minDigits: 1,
      maxDigits: 1,
      terminator: null,
      timeoutSeconds: 5,
      onFirst: () => {},
      after: Promise.resolve(),
      signal: over.signal,
      ...more,
    });
  return { clock, key, keyByInfo, ask, over, source };
}

t.test('one digit chooses from a menu and stops the prompt', async (t) => {
  const { ask, key } = setup();
  let stopped = 0;
  const got = ask({ onFirst: () => (stopped += 1) });
  key('2');
  t.strictSame(await got, { kind: 'digits', digits: '2' });
  t.equal(stopped, 1);
});

t.test('a key press that arrives by RFC 4733 and by INFO counts once', async (t) => {
  const { ask, clock, key, keyByInfo } = setup();
  const got = ask({ maxDigits: 3 });
  key('5');
  clock.advance(30);
  keyByInfo('5');
  clock.advance(400);
  key('5');
  clock.advance(400);
  key('1');
  t.strictSame(await got, { kind: 'digits', digits: '551' });
});

t.test('the same digit keyed twice quickly by one way counts twice', async (t) => {
  const { ask, clock, key } = setup();
  const got = ask({ maxDigits: 2 });
  key('7');
  clock.advance(90);
  key('7');
  t.strictSame(await got, { kind: 'digits', digits: '77' });
});

t.test('the terminator ends a number and is not part of it', async (t) => {
  const { ask, key } = setup();
  const got = ask({ maxDigits: 10, terminator: '#' });
  for (const digit of '123#') key(digit);
  t.strictSame(await got, { kind: 'digits', digits: '123' });
});

t.test('what was keyed before the question is not lost', async (t) => {
  const { ask, key } = setup();
  key('1');
  t.strictSame(await ask(), { kind: 'digits', digits: '1' });
});

t.test('whoever keys ahead through several questions is not asked again', async (t) => {
  const { ask, key } = setup();
  for (const digit of '212#3') key(digit);
  t.strictSame(await ask(), { kind: 'digits', digits: '2' });
  t.strictSame(await ask({ maxDigits: 8, terminator: '#' }), { kind: 'digits', digits: '12' });
  t.strictSame(await ask(), { kind: 'digits', digits: '3' });
});

t.test('the time-out starts after the prompt, and a hung up caller is not waited for', async (t) => {
  const { ask, clock, over } = setup();
  let finishPrompt: () => void = () => {};
  const after = new Promise<void>((resolve) => {
    finishPrompt = resolve;
  });
  const got = ask({ after });
  clock.advance(60_000);
  finishPrompt();
  await after;
  await Promise.resolve();
  clock.advance(5_000);
  t.strictSame(await got, { kind: 'timeout' });

  const second = ask();
  over.abort();
  t.strictSame(await second, { kind: 'aborted' });
});
