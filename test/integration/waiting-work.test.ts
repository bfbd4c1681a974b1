// Call backs and messages as the store tells them: readings of events, on a real PostgreSQL.

import t from 'tap';
import { type CallId, newId, type PersonId, type RecordingId } from '../../src/shared/ids.ts';
import { testDatabase, testStore } from '../support/servers/database.ts';

const store = await testStore(t, { url: await testDatabase(t) });
const personId = newId('person') as PersonId;

function kept(callId: CallId, queue: string) {
  return {
    type: 'callback-kept',
    callId,
    alias: 'K7Q4-M2XD',
    companyNumber: '+81310001111',
    queue,
    priority: 3,
    skills: { english: 5 },
    reason: 'product-question',
    piiClass: 'none',
    waitingSince: 1000,
    expiresAt: 9_000_000,
  } as const;
}

t.test('a call back is kept, tried, and ended once', async (t) => {
  const callId = newId('call');
  await store.events.append({
    type: 'call-started',
    callId,
    direction: 'inbound',
    alias: 'K7Q4-M2XD',
    companyNumber: '+81310001111',
    trunk: null,
  });
  const { at } = await store.events.append(kept(callId, 'general'));
  const { type: _, ...fields } = kept(callId, 'general');
  const fresh = {
    ...fields,
    requestedAt: at,
    nextAt: at,
    attempts: 0,
    endedAt: null,
    endedBecause: null,
    personId: null,
  };
  t.strictSame(await store.callbacks.byCall(callId), fresh);
  t.equal((await store.calls.byId(callId))?.callback, 'waiting', 'the call record says so');
  const attemptCallId = newId('call');
  const tried = {
    type: 'callback-tried',
    callId,
    attemptCallId,
    attempt: 1,
    outcome: 'busy',
    retryAt: at + 60_000,
  } as const;
  await store.events.append(tried);
  await store.events.append(tried);
  t.match(await store.callbacks.byCall(callId), { attempts: 1, nextAt: at + 60_000, endedAt: null });
  const end = await store.events.append({ type: 'callback-ended', callId, because: 'reached', personId });
  await store.events.append({ type: 'callback-ended', callId, because: 'expired', personId: null });
  t.match(await store.callbacks.byCall(callId), { endedAt: end.at, endedBecause: 'reached', personId });
});

t.test('those that wait are listed, by queue and in pages', async (t) => {
  const ids = [newId('call'), newId('call'), newId('call')].sort();
  for (const [at, callId] of ids.entries()) await store.events.append(kept(callId, at === 2 ? 'page-b' : 'page-a'));
  const list = async (query: Parameters<typeof store.callbacks.list>[0]) =>
    (await store.callbacks.list(query)).map(({ callId }) => callId).filter((callId) => ids.includes(callId));
  t.strictSame(await list({ waiting: true, queues: ['page-a'] }), [ids[1], ids[0]]);
  t.strictSame(await list({ waiting: true, queues: ['page-a', 'page-b'], before: ids[2]! }), [ids[1], ids[0]]);
  await store.events.append({ type: 'callback-ended', callId: ids[0]!, because: 'cancelled', personId });
  t.strictSame(await list({ waiting: true, queues: ['page-a'] }), [ids[1]]);
  t.strictSame(await list({ waiting: false }), [ids[0]]);
});

t.test('a message is listed in its mailbox until somebody has seen to it', async (t) => {
  const callId = newId('call');
  const left = (recordingId: RecordingId, mailbox: string) =>
    store.events.append({
      ...{ type: 'voicemail-left', callId, recordingId, mailbox, alias: null },
      ...{ reason: null, piiClass: null, durationMs: 4200 },
    } as const);
  const [first, second] = [newId('recording'), newId('recording')].sort() as [RecordingId, RecordingId];
  const { at } = await left(first, 'night');
  await left(second, 'day');
  const row = { recordingId: first, callId, mailbox: 'night', alias: null, reason: null, piiClass: null };
  const whole = { ...row, leftAt: at, durationMs: 4200, doneAt: null, doneBy: null };
  t.strictSame(await store.voicemails.list({ mailboxes: ['night'] }), [whole]);
  t.strictSame(await store.voicemails.byRecording(first), whole);
  t.equal((await store.voicemails.list({ open: true })).length, 2);
  const done = await store.events.append({
    type: 'voicemail-done',
    callId,
    recordingId: first,
    mailbox: 'night',
    personId,
  });
  t.match(await store.voicemails.byRecording(first), { doneAt: done.at, doneBy: personId });
  t.strictSame(
    (await store.voicemails.list({ open: true })).map(({ recordingId }) => recordingId),
    [second],
  );
});
