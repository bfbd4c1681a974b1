import t from 'tap';
import type { EndCause } from '../shared/events.ts';
import { causeOfBye, causeOfSoftphoneStatus, causeOfStatus, q850Of, reasonOf, refusalOf } from './sip-cause.ts';

t.test('a status says why an INVITE failed', async (t) => {
  const expected: [number, EndCause][] = [
    [486, 'busy'],
    [600, 'busy'],
    [603, 'rejected'],
    [404, 'not-found'],
    [484, 'not-found'],
    [488, 'incompatible-media'],
    [503, 'overload'],
    [500, 'unreachable'],
    [302, 'rejected'],
    [499, 'rejected'],
    [599, 'unreachable'],
    [699, 'rejected'],
  ];
  for (const [status, cause] of expected) t.equal(causeOfStatus(status), cause, String(status));
});

t.test('408 before ringing is nobody there, after ringing nobody answering', async (t) => {
  t.equal(causeOfStatus(408), 'unreachable');
  t.equal(causeOfStatus(408, { alerted: true }), 'no-answer');
});

t.test('a Q.850 cause in Reason explains a vague status and leaves a clear one alone', async (t) => {
  t.equal(causeOfStatus(503, { reason: 'Q.850;cause=17;text="User busy"' }), 'busy');
  t.equal(causeOfStatus(480, { reason: 'SIP;cause=480, Q.850 ;text="x";cause=20' }), 'unreachable');
  t.equal(causeOfStatus(486, { reason: 'Q.850;cause=1' }), 'busy');
  t.equal(causeOfStatus(500, { reason: 'Q.850;cause=16' }), 'unreachable', 'normal clearing explains no failure');
});

t.test('Reason is read in any place of a list, and junk is no cause', async (t) => {
  t.equal(q850Of('SIP;cause=200;text="Call completed elsewhere", q.850; cause=31'), 31);
  t.equal(q850Of('SIP;cause=200'), undefined);
  t.equal(q850Of(undefined), undefined);
  t.equal(causeOfBye(undefined), 'normal');
  t.equal(causeOfBye('Q.850;cause=38'), 'unreachable');
  t.equal(causeOfBye('Q.850;cause=99'), 'normal');
});

t.test('every cause has a refusal, and 503 says when to come back', async (t) => {
  const causes: EndCause[] = ['normal', 'cancelled', 'busy', 'no-answer', 'rejected', 'not-found', 'forbidden'];
  causes.push('unreachable', 'incompatible-media', 'media-timeout', 'overload', 'session-expired', 'transferred');
  causes.push('shutting-down', 'fault', 'media-lost');
  for (const cause of causes) {
    const { status, headers } = refusalOf(cause);
    t.ok(status >= 400 && status < 700, cause);
    t.match(headers['Reason'], /^Q\.850;cause=\d+;text="[A-Za-z ]+"$/, cause);
    t.equal('Retry-After' in headers, status === 503, cause);
  }
  t.equal(reasonOf('busy'), 'Q.850;cause=17;text="User busy"');
});

t.test('a softphone that declines is told apart from one that is gone', async (t) => {
  t.equal(causeOfSoftphoneStatus(480), 'rejected');
  t.equal(causeOfSoftphoneStatus(503), 'unreachable');
  t.equal(causeOfSoftphoneStatus(486), 'busy');
});
