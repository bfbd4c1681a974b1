import t from 'tap';
import { afterAttempt, defaultRetryRules, figuresOf, outcomeOf } from './call-list.ts';

const at = Date.UTC(2026, 0, 5, 1);
const minutes = (count: number) => at + count * 60_000;
const after = (result: Parameters<typeof afterAttempt>[1]['result'], attempts = 1, againAt?: number) =>
  afterAttempt(defaultRetryRules, { attempts, result, at, ...(againAt === undefined ? {} : { againAt }) });

t.test('each result of an attempt leads to its next step', async (t) => {
  t.strictSame(after('busy'), { kind: 'wait', notBefore: minutes(15) });
  t.strictSame(after('no-answer'), { kind: 'wait', notBefore: minutes(120) });
  t.strictSame(after('answering-machine'), { kind: 'wait', notBefore: minutes(240) });
  t.strictSame(after('done'), { kind: 'close', because: 'done' });
  t.strictSame(after('answered'), { kind: 'close', because: 'done' }, 'nobody is bothered twice for want of a note');
  t.strictSame(after('wrong-number'), { kind: 'close', because: 'wrong-number' });
  t.strictSame(after('do-not-call'), { kind: 'close', because: 'do-not-call' });
});

t.test('the last attempt is the last, but a promised call is kept', async (t) => {
  t.strictSame(after('busy', 3), { kind: 'close', because: 'attempts-used' });
  t.strictSame(after('call-again', 3, minutes(60)), { kind: 'wait', notBefore: minutes(60) });
  t.strictSame(afterAttempt({ maxAttempts: 9, retryMinutes: {} }, { attempts: 1, result: 'busy', at }), {
    kind: 'close',
    because: 'attempts-used',
  });
});

t.test('how a call ended says what the attempt was', async (t) => {
  t.equal(outcomeOf('busy'), 'busy');
  t.equal(outcomeOf('not-found'), 'unreachable');
  t.equal(outcomeOf('cancelled'), 'failed', 'the agent gave up: not the customer’s doing');
});

t.test('figures of nothing are null, not zero', async (t) => {
  const none = { entries: 2, closed: 0, attempts: 0, byOutcome: {}, byDisposition: {}, talkMs: 0 };
  t.match(figuresOf(none), { answerRate: null, contactRate: null, attemptsPerAnswer: null, averageTalkMs: null });
  const some = {
    ...none,
    attempts: 10,
    byOutcome: { answered: 4, busy: 6 },
    byDisposition: { 'answering-machine': 1 },
    talkMs: 400_000,
  };
  t.match(figuresOf(some), { answerRate: 0.4, contactRate: 0.3, attemptsPerAnswer: 2.5, averageTalkMs: 100_000 });
});
