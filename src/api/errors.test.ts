import t from 'tap';
import { refusals } from '../call/outbound/refusals.ts';
import { AppError, errorCodes } from '../shared/errors.ts';
import { HttpProblem, problemBody, requireOk, translate, withoutNumbers } from './errors.ts';

t.test('every code of ours has a status, and what is our fault says nothing more', async (t) => {
  for (const code of errorCodes) {
    const told = translate(new AppError(code, 'The reason.'));
    t.ok(told.kind.status >= 400 && told.kind.status < 600, code);
    t.equal(told.detail, told.kind.status < 500 ? 'The reason.' : undefined, code);
  }
  t.match(translate(new Error('secret')), { kind: { status: 500, slug: 'internal' }, detail: undefined });
  t.match(translate('thrown text'), { kind: { status: 500 } });
});

t.test('numbers are taken out of sentences, however they are written', async (t) => {
  for (const number of [
    '09012345678',
    '+819012345678',
    '+81 90 1234 5678',
    '090-1234-5678',
    '(03) 1234-5678',
    '0120.000.000',
  ])
    t.notMatch(withoutNumbers(`Calling ${number} failed.`), /\d/, number);
  t.equal(withoutNumbers('Wait 300 seconds, error 503.'), 'Wait 300 seconds, error 503.');
});

t.test('outcomes of commands', async (t) => {
  t.equal(requireOk({ kind: 'ok' }), undefined);
  const statusOf = (outcome: Parameters<typeof requireOk>[0]) => {
    try {
      requireOk(outcome);
    } catch (thrown) {
      return translate(thrown).kind.status;
    }
    return 204;
  };
  t.equal(statusOf({ kind: 'not-found' }), 404);
  t.equal(statusOf({ kind: 'conflict', because: refusals['already-held'] }), 409);
  t.equal(statusOf({ kind: 'forbidden', because: refusals['dial-premium'] }), 403);
  t.equal(translate(new HttpProblem(409)).kind.status, 409);
});

t.test('every refusal of a call has its own sentence and reaches the client under its code', async (t) => {
  t.equal(new Set(Object.values(refusals)).size, Object.keys(refusals).length);
  for (const [code, because] of Object.entries(refusals)) {
    try {
      requireOk({ kind: 'conflict', because });
    } catch (thrown) {
      t.match(problemBody(translate(thrown)), { type: '/problems/conflict', status: 409, code, detail: because });
    }
  }
  t.match(problemBody(translate(new HttpProblem(404))), { code: 'not-found' }, 'otherwise the code is the kind');
});
