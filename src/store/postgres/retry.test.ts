import t from 'tap';
import { AppError } from '../../shared/errors.ts';
import { isRetryable, retry } from './retry.ts';

const withCode = (code: string) => Object.assign(new Error(code), { code });

t.test('what may go away by itself is tried again, what comes back each time is not', async (t) => {
  for (const code of ['57P01', '57P03', '40001', '53300', 'ECONNREFUSED', 'ECONNRESET'])
    t.equal(isRetryable(withCode(code)), true, code);
  for (const code of ['23505', '42601', '22P05', '28P01', '23001']) t.equal(isRetryable(withCode(code)), false, code);
  for (const message of ['Connection terminated unexpectedly', 'Query read timeout'])
    t.equal(isRetryable(new Error(message)), true, message);
  t.equal(isRetryable(new AggregateError([withCode('ECONNREFUSED')])), true, 'both addresses of localhost');
  t.equal(isRetryable(new AppError('database-unavailable', 'x', { cause: withCode('57P01') })), true);
});

t.test('it gives up when the time is over, with the last error', async (t) => {
  let tries = 0;
  const failing = () => Promise.reject(withCode(`57P0${(++tries % 3) + 1}`));
  await t.rejects(retry(failing, { withinMs: 60, firstDelayMs: 5 }), { code: /57P0/ });
  t.ok(tries > 1);
  tries = 0;
  const refused = () => {
    tries += 1;
    return Promise.reject(withCode('23505'));
  };
  await t.rejects(retry(refused, { withinMs: 60 }), { code: '23505' });
  t.equal(tries, 1);
  t.equal(await retry(async () => 'done', { withinMs: 0 }), 'done');
});
